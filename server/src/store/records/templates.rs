//! The record of the texts that an account writes again and again.

use std::borrow::Cow;

use app::api::types::TemplateId;
use serde::{Deserialize, Serialize};

use super::{Unreadable, read, version};
use crate::domain::Template;

const VERSION: u32 = 1;

/// Version 1.
#[derive(Serialize, Deserialize)]
struct V1<'a> {
    version: u32,
    templates: Vec<Record<'a>>,
}

#[derive(Serialize, Deserialize)]
struct Record<'a> {
    id: Cow<'a, str>,
    name: Cow<'a, str>,
    subject: Cow<'a, str>,
    text: Cow<'a, str>,
}

/// Writes the templates of an account.
pub(in crate::store) fn write_templates(templates: &[Template]) -> Vec<u8> {
    let templates = templates.iter().map(|template| Record {
        id: template.id.as_str().into(),
        name: template.name.as_str().into(),
        subject: template.subject.as_str().into(),
        text: template.text.as_str().into(),
    });
    let record = V1 {
        version: VERSION,
        templates: templates.collect(),
    };
    // Strings and numbers are always JSON.
    serde_json::to_vec(&record).unwrap_or_default()
}

/// Reads the templates of an account.
pub(in crate::store) fn read_templates(json: &[u8]) -> Result<Vec<Template>, Unreadable> {
    match version(json)? {
        VERSION => {
            let record: V1<'_> = read(json)?;
            let templates = record.templates.into_iter();
            Ok(templates
                .map(|template| Template {
                    id: TemplateId(template.id.into_owned()),
                    name: template.name.into_owned(),
                    subject: template.subject.into_owned(),
                    text: template.text.into_owned(),
                })
                .collect())
        }
        0 => Err(Unreadable::Bytes),
        _ => Err(Unreadable::LaterProgram),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEMPLATES_V1: &str = include_str!("golden/templates.v1.json");

    #[test]
    fn templates_of_version_1_round_trip() {
        let templates = vec![
            Template {
                id: "AAAA".into(),
                name: "Thanks".to_owned(),
                subject: String::new(),
                text: "Thank you \"very\" much.\n".to_owned(),
            },
            Template {
                id: "BBBB".into(),
                name: "报价".to_owned(),
                subject: "报价单".to_owned(),
                text: "您好：\n\n附上报价。".to_owned(),
            },
        ];
        let golden = TEMPLATES_V1.trim_end().as_bytes();
        assert_eq!(read_templates(golden).as_ref(), Ok(&templates));
        assert_eq!(write_templates(&templates), golden);
    }

    #[test]
    fn templates_of_a_later_version_are_distinguished_from_damaged_ones() {
        let later = TEMPLATES_V1.replace("\"version\":1", "\"version\":2");
        let read = read_templates(later.as_bytes());
        assert_eq!(read, Err(Unreadable::LaterProgram));
        let whole = TEMPLATES_V1.trim_end().as_bytes();
        for length in 0..whole.len() {
            let read = read_templates(&whole[..length]);
            assert_eq!(read, Err(Unreadable::Bytes), "{length}");
        }
    }
}
