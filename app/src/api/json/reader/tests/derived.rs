//! Example values of every decoded type, generated from what its `Deserialize` requests.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, json};
use serde_reflection::VariantFormat;
use serde_reflection::{ContainerFormat, Format, Registry, Samples, Tracer, TracerConfig};

use super::*;
use crate::api::error::{ApiError, ErrorKind};
use crate::api::live::{LiveEvent, LiveEventKind, LiveEventWire};
use crate::api::types::*;
use crate::flash::Flash;
use crate::routes::compose::ComposeRetry;

/// The source files that declare decoded types.
const SOURCES: [&str; 8] = [
    include_str!("../../../error.rs"),
    include_str!("../../../live.rs"),
    include_str!("../../../types.rs"),
    include_str!("../../../types/list.rs"),
    include_str!("../../../types/message.rs"),
    include_str!("../../../types/people.rs"),
    include_str!("../../../types/writing.rs"),
    include_str!("../../../../page.rs"),
];
/// A JSON value, and the function that decodes it.
pub(super) struct Example {
    pub(super) json: Value,
    pub(super) read: fn(&Value) -> bool,
}

/// A type that is decoded from a whole document.
struct Root {
    format: Format,
    /// Wraps the value: responses of server functions come as `Ok` and `Err`.
    wrap: fn(Value) -> Value,
    /// All options are present: which of them are required depends on the others.
    is_full: bool,
    read: fn(&Value) -> bool,
}

/// The root types, and the formats of all types that they contain.
struct Types {
    registry: Registry,
    roots: Vec<Root>,
}

struct Tracing {
    tracer: Tracer,
    roots: Vec<Root>,
}

impl Tracing {
    /// Traces one variant at a time: an enum that is only traced within another type stays
    /// incomplete, which [`Tracer::registry`] refuses.
    fn variants_of<T: DeserializeOwned>(&mut self) -> &mut Self {
        self.tracer.trace_type::<T>(&Samples::new()).unwrap();
        self
    }

    fn root<T: DeserializeOwned>(&mut self, wrap: fn(Value) -> Value, read: fn(&Value) -> bool) {
        let (format, _) = self.tracer.trace_type::<T>(&Samples::new()).unwrap();
        self.roots.push(Root {
            format,
            wrap,
            is_full: false,
            read,
        });
    }

    fn whole<T: Serialize + DeserializeOwned>(&mut self) -> &mut Self {
        self.root::<T>(|value| value, decodes_alike::<T>);
        self
    }

    /// Adds the result type of a server function.
    fn response<T: Serialize + DeserializeOwned>(&mut self) -> &mut Self {
        self.root::<T>(
            |value| json!({"Ok": value}),
            decodes_alike::<Result<T, ApiError>>,
        );
        self
    }
}

/// The parameters and results of server functions, the events, and the values stored in pages and
/// browsers.
fn types() -> Types {
    let mut tracing = Tracing {
        tracer: Tracer::new(TracerConfig::default()),
        roots: Vec::new(),
    };
    tracing
        .variants_of::<ErrorKind>()
        .variants_of::<FolderRole>()
        .variants_of::<IncomingKind>()
        .variants_of::<Limitation>()
        .variants_of::<Mark>()
        .variants_of::<Change>()
        .variants_of::<TextSpan>()
        .variants_of::<BodyView>()
        .variants_of::<CardKind>()
        .variants_of::<Unsubscribe>()
        .variants_of::<ComposeKind>()
        .variants_of::<Damage>()
        .variants_of::<Priority>()
        .variants_of::<QuotePosition>()
        .variants_of::<DraftResult>()
        .variants_of::<SendLimitation>()
        .variants_of::<CopyFound>()
        .variants_of::<OutboxState>()
        .variants_of::<RecipientState>()
        .variants_of::<SentCopy>()
        .variants_of::<EntryChange>()
        .variants_of::<Conversion>()
        .variants_of::<Destination>()
        .variants_of::<ListSource>()
        .variants_of::<ListAt>()
        .variants_of::<LeftOutCause>()
        .variants_of::<LiveEventKind>();
    tracing
        .response::<()>()
        .response::<ChangesDone>()
        .response::<Vec<ImageSender>>()
        .response::<Vec<PersonSuggestion>>()
        .response::<Vec<AddressWarning>>()
        .response::<ComposeForm>()
        .response::<Converted>()
        .response::<Vec<AccountIdentities>>()
        .response::<ContactRows>()
        .response::<ImportReport>()
        .response::<DraftResult>()
        .response::<Vec<ComposingSettings>>()
        .response::<FolderView>()
        .response::<FoldersView>()
        .response::<MessageRows>()
        .response::<MessageView>()
        .response::<Option<MessageView>>()
        .response::<OutboxEntry>()
        .response::<OutboxRows>()
        .response::<SealingKeys>()
        .response::<SentView>()
        .response::<SessionView>();
    tracing.root::<ApiError>(
        |error| json!({"Err": error}),
        decodes_alike::<Result<SessionView, ApiError>>,
    );
    tracing
        .whole::<()>()
        .whole::<UploadView>()
        .whole::<Lang>()
        .whole::<Theme>()
        .whole::<Option<Flash>>()
        .whole::<Option<ComposeRetry>>()
        .whole::<(Window, ListQuery, Destination, Mark, EntryChange)>();
    tracing.root::<LiveEventWire>(|event| event, decodes_alike::<LiveEvent>);
    tracing.roots.last_mut().unwrap().is_full = true;
    Types {
        registry: tracing.tracer.registry().unwrap(),
        roots: tracing.roots,
    }
}

/// Examples of every root type; each variant of each contained enum occurs.
pub(super) fn examples() -> Vec<Example> {
    let Types { registry, roots } = types();
    let variants = registry.values().map(variants).max().unwrap_or(1);
    let mut generator = Generator {
        registry: &registry,
        next_variants: BTreeMap::new(),
        random: 7,
        is_full: false,
    };
    let mut examples = Vec::new();
    for root in &roots {
        generator.is_full = root.is_full;
        for _ in 0..2 * variants {
            let json = (root.wrap)(generator.value(&root.format));
            let read = root.read;
            examples.push(Example { json, read });
        }
    }
    examples
}

fn variants(container: &ContainerFormat) -> u64 {
    match container {
        ContainerFormat::Enum(variants) => variants.len() as u64,
        _ => 1,
    }
}

struct Generator<'r> {
    registry: &'r Registry,
    /// The next variant of each enum.
    next_variants: BTreeMap<&'r str, usize>,
    random: u64,
    is_full: bool,
}

impl<'r> Generator<'r> {
    /// The next number of a fixed sequence, so that every run generates the same examples.
    fn next_random(&mut self, limit: u64) -> u64 {
        self.random = self
            .random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695);
        (self.random >> 33) % limit
    }

    fn value(&mut self, format: &'r Format) -> Value {
        match format {
            Format::Unit => Value::Null,
            Format::Bool => json!(self.next_random(2) == 1),
            Format::U32 => json!([0, 1, u32::MAX][self.next_random(3) as usize]),
            Format::U64 => json!([0, 1, 9_007_199_254_740_992_u64][self.next_random(3) as usize]),
            Format::Str => json!(["", "words\n", "Marta \u{1f600}"][self.next_random(3) as usize]),
            Format::Option(_) if !self.is_full && self.next_random(3) == 0 => Value::Null,
            Format::Option(some) => self.value(some),
            Format::Seq(element) => (0..self.next_random(3))
                .map(|_| self.value(element))
                .collect(),
            Format::Tuple(elements) => elements.iter().map(|element| self.value(element)).collect(),
            Format::TypeName(name) => self.container(name),
            other => panic!("the reader of the page does not take {other:?}"),
        }
    }

    fn container(&mut self, name: &'r str) -> Value {
        match &self.registry[name] {
            ContainerFormat::UnitStruct => Value::Null,
            ContainerFormat::NewTypeStruct(inner) => self.value(inner),
            ContainerFormat::TupleStruct(elements) => {
                elements.iter().map(|element| self.value(element)).collect()
            }
            ContainerFormat::Struct(fields) => {
                let fields = fields.iter();
                let fields = fields.map(|field| (field.name.clone(), self.value(&field.value)));
                Value::Object(fields.collect::<Map<_, _>>())
            }
            ContainerFormat::Enum(variants) => {
                let next_variant = self.next_variants.entry(name).or_default();
                let nth = *next_variant % variants.len();
                *next_variant += 1;
                let variant = variants.values().nth(nth).unwrap();
                let content = match &variant.value {
                    VariantFormat::Unit => return json!(variant.name),
                    VariantFormat::NewType(inner) => self.value(inner),
                    VariantFormat::Tuple(elements) => {
                        elements.iter().map(|element| self.value(element)).collect()
                    }
                    VariantFormat::Struct(fields) => {
                        let fields = fields.iter();
                        let fields =
                            fields.map(|field| (field.name.clone(), self.value(&field.value)));
                        Value::Object(fields.collect::<Map<_, _>>())
                    }
                    VariantFormat::Variable(_) => panic!("{name} was not traced to its end"),
                };
                json!({ variant.name.clone(): content })
            }
        }
    }
}

#[test]
fn every_decoded_type_has_an_example() {
    let reached: BTreeSet<String> = types().registry.into_keys().collect();
    let mut missing = Vec::new();
    for source in SOURCES {
        let mut is_read = false;
        for line in source.lines() {
            if line.starts_with("#[derive(") {
                is_read = line.contains("Deserialize");
            }
            // Decoded through another type, which is listed itself.
            if line.starts_with("#[serde(") && line.contains("from = ") {
                is_read = false;
            }
            let item = line.trim_start_matches("pub ");
            let declared = ["struct ", "enum "]
                .iter()
                .find_map(|kind| item.strip_prefix(kind));
            let Some(declared) = declared.filter(|_| is_read) else {
                continue;
            };
            let name = declared
                .split(|c: char| !c.is_alphanumeric())
                .next()
                .unwrap();
            if !reached.contains(name) {
                missing.push(name);
            }
            is_read = false;
        }
    }
    assert_eq!(missing, Vec::<&str>::new());
}
