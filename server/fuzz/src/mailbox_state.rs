//! Fuzz target: the state of a selected mailbox, with a truthful server and with a lying one.
//!
//! With a truthful server every result is correct or `None`. With a lying one the results stay
//! consistent with each other, nothing panics, and the stored state stays bounded.

use arbitrary::{Result, Unstructured};
use mail_proto::imap::selected::{Change, Selected};
use mail_proto::imap::{
    Code, Event, FetchData, FetchedItem, Flag, SequenceNumber, SequenceSet, Status, Uid,
    UidValidity,
};

/// Maximum number of stored rows and flags.
const MAX_ROWS: usize = 2000;
const MAX_FLAGS: usize = 1000;

/// The first byte selects the server; the others are the source of the draws.
pub(crate) fn run(data: &[u8]) {
    let (first, drawn) = data.split_first().unwrap_or((&0, &[]));
    let mut drawn = Unstructured::new(drawn);
    let result = if first % 2 == 0 {
        truthful_server(&mut drawn)
    } else {
        lying_server(&mut drawn)
    };
    result.expect("draws do not fail");
}

fn truthful_server(u: &mut Unstructured<'_>) -> Result<()> {
    let mut selected = Selected::new(UidValidity::new(1));
    // The server's mailbox: the UID at each position.
    let mut uids: Vec<Uid> = Vec::new();
    let mut next = 1_u32;
    while !u.is_empty() {
        match u.int_in_range(0..=5)? {
            0 => {
                for _ in 0..u.int_in_range(1..=40)? {
                    next = next.saturating_add(1 + u32::from(u.arbitrary::<u8>()? % 4));
                    uids.extend(Uid::new(next));
                }
                selected.apply(&Event::Exists(len(&uids)));
            }
            1 if !uids.is_empty() => {
                let at = u.choose_index(uids.len())?;
                let removed = uids.remove(at);
                let event = Event::Expunge { seq: seq(at) };
                match selected.apply(&event) {
                    Some(Change::Expunged { seq: reported, uid }) => {
                        assert_eq!(reported, seq(at));
                        assert!(uid.is_none_or(|uid| uid == removed), "another one went");
                    }
                    other => panic!("an EXPUNGE became {other:?}"),
                }
            }
            2 if !uids.is_empty() => {
                let mut removed = Vec::new();
                for _ in 0..u.int_in_range(1..=5)? {
                    if !uids.is_empty() {
                        removed.push(uids.remove(u.choose_index(uids.len())?));
                    }
                }
                let set = exact_set(&removed);
                selected.apply(&Event::Vanished {
                    earlier: false,
                    uids: set,
                });
            }
            3 if !uids.is_empty() => {
                let from = u.choose_index(uids.len())?;
                for at in (from..uids.len()).take(60) {
                    selected.apply(&fetch(at, Some(uids[at])));
                }
            }
            4 if !uids.is_empty() => {
                // Flags alone, as changes by other clients cause them.
                let at = u.choose_index(uids.len())?;
                selected.apply(&fetch(at, None));
            }
            _ => check_positions(&mut selected, &uids),
        }
        assert_eq!(selected.exists(), len(&uids));
    }
    check_positions(&mut selected, &uids);
    Ok(())
}

fn check_positions(selected: &mut Selected, uids: &[Uid]) {
    for (at, uid) in uids.iter().enumerate() {
        if let Some(reported) = selected.uid_at(seq(at)) {
            assert_eq!(reported, *uid, "at {at}");
        }
        if let Some(reported) = selected.seq_of(*uid) {
            assert_eq!(reported, seq(at), "of {uid}");
        }
    }
}

fn lying_server(u: &mut Unstructured<'_>) -> Result<()> {
    let mut selected = Selected::new(UidValidity::new(u.arbitrary()?));
    let mut reported_uids = Vec::new();
    while !u.is_empty() {
        let (before, validity) = (selected.exists(), selected.uid_validity());
        let event = draw_event(u, before)?;
        if let Event::Fetch(data) = &event {
            reported_uids.extend(data.uid());
        }
        match selected.apply(&event) {
            Some(Change::Exists {
                before: reported,
                now,
            }) => {
                assert_eq!((reported, now), (before, selected.exists()));
                assert_ne!(before, now, "no change");
            }
            Some(Change::Expunged { .. }) => assert_eq!(selected.exists() + 1, before),
            Some(Change::UidValidity {
                before: reported,
                now,
            }) => {
                assert_eq!(validity, Some(reported));
                assert_eq!(selected.uid_validity(), Some(now));
                assert!(
                    reported_uids
                        .iter()
                        .all(|uid| selected.seq_of(*uid).is_none())
                );
            }
            Some(Change::Vanished(_)) => assert!(selected.exists() <= before),
            _ => {}
        }
        assert!(selected.flags().len() <= MAX_FLAGS);
        assert!(selected.permanent_flags().len() <= MAX_FLAGS);
    }
    // The rows are ascending, inside the mailbox, and within the limit.
    reported_uids.sort_unstable();
    reported_uids.dedup();
    let mut last = 0;
    let mut rows = 0;
    for uid in reported_uids {
        let Some(seq) = selected.seq_of(uid) else {
            continue;
        };
        assert!(seq.get() > last, "{uid} is not behind the one before it");
        assert!(seq.get() <= selected.exists(), "{uid} is outside");
        assert_eq!(selected.uid_at(seq), Some(uid), "two answers about {uid}");
        last = seq.get();
        rows += 1;
    }
    assert!(rows <= MAX_ROWS, "{rows} rows");
    Ok(())
}

fn draw_event(u: &mut Unstructured<'_>, exists: u32) -> Result<Event> {
    let is_unbounded = u.ratio(1, 4)?;
    let number = |u: &mut Unstructured<'_>| match is_unbounded {
        true => u.arbitrary::<u32>(),
        false => u.int_in_range(0..=exists.saturating_add(3).min(5000)),
    };
    Ok(match u.int_in_range(0..=9)? {
        0 => Event::Exists(number(u)?),
        1 | 2 => {
            let from = number(u)?.saturating_sub(1);
            let uid = Uid::new(number(u)?);
            fetch(usize::try_from(from).unwrap_or(0).min(4_294_967_290), uid)
        }
        3 => match SequenceNumber::new(number(u)?) {
            Some(seq) => Event::Expunge { seq },
            None => Event::Recent(1),
        },
        4 => {
            let (Some(a), Some(b)) = (Uid::new(number(u)?), Uid::new(number(u)?)) else {
                return Ok(Event::Recent(0));
            };
            Event::Vanished {
                earlier: u.arbitrary()?,
                uids: SequenceSet::range(a, b),
            }
        }
        5 => Event::Flags(vec![Flag::Seen; usize::from(u.arbitrary::<u16>()?) % 3000]),
        code => untagged(match code {
            6 => UidValidity::new(u.int_in_range(1..=3)?).map(Code::UidValidity),
            7 => Uid::new(number(u)?).map(Code::UidNext),
            8 => Some(Code::HighestModSeq(u.arbitrary()?)),
            _ => Some(Code::PermanentFlags(vec![Flag::Draft; 1200])),
        }),
    })
}

fn untagged(code: Option<Code>) -> Event {
    Event::Untagged {
        status: Status::Ok,
        code,
        text: String::new(),
    }
}

fn fetch(at: usize, uid: Option<Uid>) -> Event {
    let mut items = vec![FetchedItem::Flags(vec![Flag::Seen])];
    items.extend(uid.map(FetchedItem::Uid));
    Event::Fetch(FetchData {
        seq: seq(at),
        items,
    })
}

/// Returns the sequence number of a zero-based position.
fn seq(at: usize) -> SequenceNumber {
    let number = u32::try_from(at).expect("a mailbox of that size");
    SequenceNumber::new(number.saturating_add(1)).expect("not zero")
}

fn len(uids: &[Uid]) -> u32 {
    u32::try_from(uids.len()).expect("a mailbox of that size")
}

/// Lists the UIDs one by one: a range would include UIDs that never existed.
fn exact_set(uids: &[Uid]) -> SequenceSet {
    let names: Vec<String> = uids.iter().map(ToString::to_string).collect();
    SequenceSet::parse(names.join(",").as_bytes()).expect("a set")
}
