//! Tables of contacts: comma-separated values (RFC 4180), also with semicolons or tabs.

use std::collections::{HashMap, HashSet};

use csv::{ReaderBuilder, StringRecord, Terminator, WriterBuilder};

use super::{
    ADDRESSES_MAX, Builder, CARD_GROUPS_MAX, Card, Group, UnknownFile, joined_name, note, one_line,
};
use crate::address::Address;
use crate::display;

/// Maximum number of cells of a row; the rest is not read. Outlook exports about 90.
const CELLS_MAX: usize = 256;
/// Between several values in one cell, as Google writes them.
const VALUES: &str = " ::: ";

/// The content of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Name,
    Given,
    Middle,
    Family,
    Nickname,
    Organization,
    Address,
    Note,
    Groups,
    Other,
}

/// The names of columns in lower case, letters and digits only.
const COLUMNS: [(Column, &[&str]); 8] = [
    (
        Column::Name,
        &[
            "name",
            "displayname",
            "fullname",
            "anzeigename",
            "姓名",
            "显示名",
            "显示名称",
        ],
    ),
    (
        Column::Given,
        &["firstname", "givenname", "vorname", "名", "名字"],
    ),
    (
        Column::Middle,
        &["middlename", "additionalname", "weiterevornamen", "中间名"],
    ),
    (
        Column::Family,
        &[
            "lastname",
            "familyname",
            "surname",
            "nachname",
            "姓",
            "姓氏",
        ],
    ),
    (Column::Nickname, &["nickname", "spitzname", "昵称"]),
    (
        Column::Organization,
        &[
            "company",
            "organization",
            "organizationname",
            "organization1name",
            "firma",
            "公司",
            "单位",
        ],
    ),
    (
        Column::Note,
        &["note", "notes", "notizen", "附注", "备注", "便笺"],
    ),
    (
        Column::Groups,
        &[
            "labels",
            "groupmembership",
            "categories",
            "kategorien",
            "类别",
            "标签",
        ],
    ),
];

/// Returns the content of a column by its header.
fn column(header: &str) -> Column {
    let header = display::prefix(header, 200).to_lowercase();
    let name: String = header.chars().filter(|c| c.is_alphanumeric()).collect();
    let named = COLUMNS
        .iter()
        .find(|(_, names)| names.contains(&name.as_str()));
    if let Some((column, _)) = named {
        return *column;
    }
    let has = |parts: &[&str]| parts.iter().any(|part| name.contains(part));
    let is_address = has(&["email", "电子邮件", "邮箱", "邮件地址"]);
    let is_about_one = has(&[
        "typ", "label", "display", "anzeige", "format", "类型", "显示", "标签",
    ]);
    match is_address && !is_about_one {
        true => Column::Address,
        false => Column::Other,
    }
}

/// Reads the rows of a table. A table without known headers is read if its first row has an address:
/// the other text of a row is the name then.
pub(super) fn read(text: &str, builder: &mut Builder) -> Result<(), UnknownFile> {
    let (text, delimiter) = delimiter(text);
    let mut reader = ReaderBuilder::new()
        .delimiter(delimiter)
        .flexible(true)
        .has_headers(false)
        .from_reader(text.as_bytes());
    let mut record = StringRecord::new();
    let is_first = reader.read_record(&mut record);
    if !is_first.unwrap_or(false) {
        return Err(UnknownFile::Format);
    }
    let columns: Vec<Column> = record.iter().take(CELLS_MAX).map(column).collect();
    let columns = columns
        .contains(&Column::Address)
        .then_some(columns.as_slice());
    if columns.is_none() {
        if !record.iter().take(CELLS_MAX).any(is_address) {
            return Err(UnknownFile::Format);
        }
        add_row(&record, columns, builder);
    }
    // The text is valid UTF-8 and rows may differ in length, so that no row is an error.
    while let Ok(true) = reader.read_record(&mut record) {
        if !add_row(&record, columns, builder) {
            break;
        }
    }
    Ok(())
}

/// Returns the text without the line that names its delimiter for Excel, and the delimiter.
fn delimiter(text: &str) -> (&str, u8) {
    let (line, rest) = text.split_once('\n').unwrap_or((text, ""));
    let line = line.trim_end();
    if let Some(named) = line.strip_prefix("sep=")
        && let [named] = named.as_bytes()
    {
        return (rest, *named);
    }
    let mut counts = [(b',', 0_usize), (b';', 0), (b'\t', 0)];
    let mut is_quoted = false;
    for octet in line.bytes() {
        is_quoted ^= octet == b'"';
        let count = counts.iter_mut().find(|(known, _)| *known == octet);
        if let (Some((_, count)), false) = (count, is_quoted) {
            *count += 1;
        }
    }
    // The first one of equal counts: the comma.
    let best = counts.iter().rev().max_by_key(|(_, count)| *count);
    (text, best.map_or(b',', |(delimiter, _)| *delimiter))
}

fn is_address(cell: &str) -> bool {
    Address::parse_utf8(cell.trim()).is_ok()
}

/// Adds the person of a row. `false` if there is no room for one more.
fn add_row(record: &StringRecord, columns: Option<&[Column]>, builder: &mut Builder) -> bool {
    let mut card = Card::default();
    let mut name = String::new();
    let [mut given, mut middle, mut family] = [String::new(), String::new(), String::new()];
    let [mut nickname, mut organization] = [String::new(), String::new()];
    let mut groups = Vec::new();
    for (index, cell) in record.iter().take(CELLS_MAX).enumerate() {
        let cell = without_apostrophe(cell);
        if cell.trim().is_empty() {
            continue;
        }
        let column = match columns {
            Some(columns) => columns.get(index).copied().unwrap_or(Column::Other),
            None if is_address(cell) => Column::Address,
            None => Column::Name,
        };
        let text = match column {
            Column::Name => &mut name,
            Column::Given => &mut given,
            Column::Middle => &mut middle,
            Column::Family => &mut family,
            Column::Nickname => &mut nickname,
            Column::Organization => &mut organization,
            Column::Note => {
                if card.note.is_empty() {
                    card.note = note(cell);
                }
                continue;
            }
            Column::Address => {
                let values = cell.split(VALUES).take(ADDRESSES_MAX + 1);
                values.for_each(|value| card.add_addresses(value));
                continue;
            }
            Column::Groups => {
                groups.extend(group_names(cell));
                continue;
            }
            Column::Other => continue,
        };
        if text.is_empty() {
            *text = one_line(cell);
        }
    }
    let names = [
        name,
        one_line(&joined_name(&given, &middle, &family)),
        nickname,
        organization,
    ];
    let found = names.into_iter().find(|name| !name.is_empty());
    card.name = found.unwrap_or_default();
    for group in groups {
        builder.add_members(group, card.addresses.first().map(String::as_str));
    }
    card.is_empty() || builder.add_card(card)
}

/// Returns the groups that a cell names. Those that Google makes itself begin with an asterisk.
fn group_names(cell: &str) -> impl Iterator<Item = &str> {
    let names = cell.split([';', '\n']).flat_map(|part| part.split(":::"));
    let names = names
        .map(str::trim)
        .map(without_apostrophe)
        .filter(|name| !name.is_empty() && !name.starts_with("* "));
    names.take(CARD_GROUPS_MAX)
}

/// Whether a spreadsheet may take a cell as a formula.
fn is_formula(cell: &str) -> bool {
    cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'])
}

fn without_apostrophe(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(rest) if is_formula(rest) => rest,
        _ => cell,
    }
}

fn defused(cell: &str) -> String {
    match is_formula(cell) {
        true => format!("'{cell}"),
        false => cell.to_owned(),
    }
}

/// Writes cards and groups as a table.
pub(super) fn write(cards: &[Card], groups: &[Group]) -> String {
    let mut labels: HashMap<String, Vec<&str>> = HashMap::new();
    for group in groups {
        for member in &group.members {
            let of_member = labels.entry(member.to_lowercase()).or_default();
            of_member.push(&group.name);
        }
    }
    let addresses = cards.iter().flat_map(|card| &card.addresses);
    let known: HashSet<String> = addresses.map(|a| a.to_lowercase()).collect();
    let mut others = HashSet::new();
    let members = groups.iter().flat_map(|group| &group.members);
    let others: Vec<Card> = members
        .filter(|member| {
            let key = member.to_lowercase();
            !known.contains(&key) && others.insert(key)
        })
        .map(|member| Card {
            addresses: vec![member.clone()],
            ..Card::default()
        })
        .collect();
    let most = cards.iter().map(|card| card.addresses.len()).max();
    let most = most.unwrap_or(0).max(1);

    let mut writer = WriterBuilder::new()
        .terminator(Terminator::CRLF)
        .from_writer(b"\xef\xbb\xbf".to_vec());
    let mut header = vec!["Name".to_owned()];
    header.extend((1..=most).map(|number| format!("E-mail {number} - Value")));
    header.extend(["Notes".to_owned(), "Labels".to_owned()]);
    let rows = cards.iter().chain(&others).map(|card| {
        let mut names: Vec<&str> = Vec::new();
        for address in &card.addresses {
            let of_address = labels.get(&address.to_lowercase());
            for name in of_address.into_iter().flatten() {
                if !names.contains(name) {
                    names.push(name);
                }
            }
        }
        let mut row = vec![defused(&card.name)];
        row.extend((0..most).map(|index| {
            let address = card.addresses.get(index);
            address.map_or(String::new(), |address| defused(address))
        }));
        row.extend([defused(&card.note), defused(&names.join(VALUES))]);
        row
    });
    for row in std::iter::once(header).chain(rows) {
        // Writing into memory does not fail, and every row has the same length.
        let written = writer.write_record(&row);
        debug_assert!(written.is_ok());
    }
    let bytes = writer.into_inner().unwrap_or_default();
    String::from_utf8(bytes).unwrap_or_default()
}
