//! Writes files of the format, for tests.

/// A file that is being written.
pub(super) struct File(Vec<u8>);

impl File {
    pub(super) fn new() -> Self {
        let mut file = 0x223e_9f78_u32.to_le_bytes().to_vec();
        file.extend_from_slice(&[1, 0]);
        Self(file).attribute(1, 0x0008_9006, &[0, 0, 1, 0])
    }

    pub(super) fn attribute(mut self, level: u8, id: u32, data: &[u8]) -> Self {
        let sum = data.iter().map(|octet| u32::from(*octet)).sum::<u32>();
        self.0.push(level);
        self.0.extend_from_slice(&id.to_le_bytes());
        self.0.extend_from_slice(&len(data.len()));
        self.0.extend_from_slice(data);
        self.0.extend_from_slice(&sum.to_le_bytes()[..2]);
        self
    }

    pub(super) fn message_attribute(self, id: u32, data: &[u8]) -> Self {
        self.attribute(1, id, data)
    }

    pub(super) fn code_page(self, code_page: u32) -> Self {
        let pages = [code_page.to_le_bytes(), [0; 4]].concat();
        self.attribute(1, 0x0006_9007, &pages)
    }

    pub(super) fn message_properties(self, list: Properties) -> Self {
        self.raw_message_properties(&list.done())
    }

    pub(super) fn raw_message_properties(self, octets: &[u8]) -> Self {
        self.attribute(1, 0x0006_9003, octets)
    }

    pub(super) fn attachment(self, title: &[u8], data: &[u8], list: Properties) -> Self {
        self.rendering()
            .attribute(2, 0x0006_800f, data)
            .attribute(2, 0x0001_8010, title)
            .attribute(2, 0x0006_9005, &list.done())
    }

    pub(super) fn attachment_without_data(self, title: &[u8], list: Properties) -> Self {
        self.rendering()
            .attribute(2, 0x0001_8010, title)
            .attribute(2, 0x0006_9005, &list.done())
    }

    pub(super) fn attachment_data_first(self, data: &[u8], title: &[u8]) -> Self {
        self.rendering()
            .attribute(2, 0x0006_800f, data)
            .attribute(2, 0x0001_8010, title)
    }

    fn rendering(self) -> Self {
        self.attribute(
            2,
            0x0006_9002,
            &[1, 0, 0xff, 0xff, 0xff, 0xff, 32, 0, 32, 0, 0, 0, 0, 0],
        )
    }

    pub(super) fn done(self) -> Vec<u8> {
        self.0
    }
}

/// A list of properties that is being written.
pub(super) struct Properties {
    count: u32,
    octets: Vec<u8>,
}

impl Properties {
    pub(super) fn new() -> Self {
        Self {
            count: 0,
            octets: Vec::new(),
        }
    }

    pub(super) fn number(self, id: u16, value: u32) -> Self {
        self.property(id, 3, &[], &value.to_le_bytes())
    }

    pub(super) fn string(self, id: u16, value: &[u8]) -> Self {
        self.property(id, 0x1e, &[], &variable(&[value, b"\0"].concat()))
    }

    pub(super) fn unicode(self, id: u16, value: &str) -> Self {
        self.property(id, 0x1f, &[], &variable(&utf_16(value)))
    }

    pub(super) fn binary(self, id: u16, value: &[u8]) -> Self {
        self.property(id, 0x102, &[], &variable(value))
    }

    pub(super) fn object(self, id: u16, interface: &[u8; 16], value: &[u8]) -> Self {
        self.property(id, 0x0d, &[], &variable(&[interface, value].concat()))
    }

    pub(super) fn named_by_number(self, id: u16, name: u32, kind: u16, value: &[u8]) -> Self {
        let name = [&[5; 16][..], &[0; 4], &name.to_le_bytes()].concat();
        self.property(id, kind, &name, value)
    }

    pub(super) fn named_by_string(self, id: u16, name: &str, kind: u16, value: &str) -> Self {
        let name = [&[5; 16][..], &[1, 0, 0, 0], &padded(&utf_16(name))].concat();
        let two = [
            &2_u32.to_le_bytes()[..],
            &padded(&utf_16(value)),
            &padded(&utf_16("x")),
        ];
        self.property(id, kind, &name, &two.concat())
    }

    fn property(mut self, id: u16, kind: u16, name: &[u8], value: &[u8]) -> Self {
        self.count += 1;
        self.octets.extend_from_slice(&kind.to_le_bytes());
        self.octets.extend_from_slice(&id.to_le_bytes());
        self.octets.extend_from_slice(name);
        self.octets.extend_from_slice(value);
        self
    }

    fn done(self) -> Vec<u8> {
        [&self.count.to_le_bytes()[..], &self.octets].concat()
    }
}

fn utf_16(text: &str) -> Vec<u8> {
    let units = text.encode_utf16().chain([0]);
    units.flat_map(u16::to_le_bytes).collect()
}

/// One value with its count.
fn variable(value: &[u8]) -> Vec<u8> {
    [&1_u32.to_le_bytes()[..], &padded(value)].concat()
}

/// A value with its length and the octets up to a multiple of 4.
fn padded(value: &[u8]) -> Vec<u8> {
    let mut octets = [&len(value.len())[..], value].concat();
    octets.resize(octets.len().next_multiple_of(4), 0);
    octets
}

fn len(len: usize) -> [u8; 4] {
    u32::try_from(len).unwrap().to_le_bytes()
}

/// Compresses RTF, with literal octets only.
pub(super) fn compressed(rtf: &[u8]) -> Vec<u8> {
    let mut out = [&[0; 8], &b"LZFu"[..], &[0; 4]].concat();
    for octets in rtf.chunks(8) {
        out.push(0);
        out.extend_from_slice(octets);
    }
    // A reference to the position that is written next.
    let end = u16::try_from((207 + rtf.len()) % 4_096).unwrap() << 4;
    if rtf.len().is_multiple_of(8) {
        out.push(1);
    } else {
        let flags = out.len() - 1 - rtf.len() % 8;
        out[flags] = 1 << (rtf.len() % 8);
    }
    out.extend_from_slice(&end.to_be_bytes());
    out
}
