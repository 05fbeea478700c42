//! Selectors: parsed to tokens and written inside the scope of their document.
//!
//! There is no attribute selector, no `:visited`, `:hover`, `:target` or `:has()` and no
//! pseudo-element: none of them can disclose to a server, by what they load, what a page holds or
//! what its reader did. There is no `~`, for which browsers walk through all siblings before.

use cssparser::{Delimiter, ParseError, Parser, Token, parse_nth};

use super::super::policy;
use super::names::push_name;
use super::{COMPOUNDS_MAX, SELECTORS_MAX, write};

/// The element that stands for `html` and `body`, the only child of the wrapper of a document.
pub(in super::super) const ROOT: &str = "article";

/// The error of a selector that is not allowed: it alone is dropped from its list.
type Refused = ParseError<()>;

/// Appends the allowed selectors of a list, separated by commas.
pub(super) fn push_list(input: &mut Parser<'_>, scope: &str, out: &mut String) {
    let mut compound = Compound::default();
    let start = out.len();
    for _ in 0..SELECTORS_MAX {
        let before = out.len();
        let written = input.parse_until_before(Delimiter::Comma, |input| {
            if before > start {
                out.push(',');
            }
            push_selector(input, scope, &mut compound, out)
        });
        if written.is_err() {
            out.truncate(before);
        }
        if input.next().is_err() {
            return;
        }
    }
    while input.next().is_ok() {}
}

/// What a selector has selected so far.
#[derive(Clone, Copy, PartialEq)]
enum Stage {
    /// Nothing.
    Start,
    /// The wrapper, written by an earlier pass.
    Scope,
    /// The root. It is bare if it has no class or id.
    Root { is_bare: bool },
    /// An element inside the root.
    Inside,
}

fn push_selector(
    input: &mut Parser<'_>,
    scope: &str,
    compound: &mut Compound,
    out: &mut String,
) -> Result<(), Refused> {
    let start = out.len();
    let mut stage = Stage::Start;
    for _ in 0..COMPOUNDS_MAX {
        let combinator = read_combinator(input);
        if input.is_exhausted() {
            let is_whole = combinator == ' ' && matches!(stage, Stage::Root { .. } | Stage::Inside);
            return is_whole.then_some(()).ok_or_else(refused);
        }
        compound.read(input, scope)?;
        let is_child = combinator == '>';
        let is_below = is_child || combinator == ' ';
        let from_outside = matches!(stage, Stage::Start | Stage::Scope) && combinator == ' ';
        let is_own_root = stage == Stage::Scope && is_child && compound.element == Some(ROOT);
        stage = match (stage, &compound.root) {
            (Stage::Start, _) if from_outside && compound.is_scope => Stage::Scope,
            _ if compound.is_scope => return Err(refused()),
            (_, None) if is_own_root => {
                out.extend([".", scope, ">", ROOT, &compound.conditions]);
                Stage::Root { is_bare: false }
            }
            (Stage::Start | Stage::Scope, None) if from_outside => {
                out.extend([".", scope, " "]);
                compound.push(out);
                Stage::Inside
            }
            // `html body` is the root as well.
            (Stage::Start | Stage::Scope | Stage::Root { is_bare: true }, Some(_))
                if from_outside || (is_below && stage == Stage::Root { is_bare: true }) =>
            {
                out.truncate(start);
                out.extend([".", scope, ">", ROOT, &compound.conditions]);
                let is_bare = compound.conditions.is_empty();
                if compound.root == Some(Root::Html) && !is_bare {
                    return Err(refused());
                }
                Stage::Root { is_bare }
            }
            (Stage::Root { .. }, None) if is_below => {
                out.push(combinator);
                compound.push(out);
                Stage::Inside
            }
            (Stage::Inside, None) => {
                out.push(combinator);
                compound.push(out);
                Stage::Inside
            }
            _ => return Err(refused()),
        };
    }
    Err(refused())
}

/// Reads white space and a combinator; a space if there is none of its own.
fn read_combinator(input: &mut Parser<'_>) -> char {
    input.skip_whitespace();
    let state = input.state();
    match input.next() {
        Ok(&Token::Delim(combinator @ ('>' | '+'))) => {
            input.skip_whitespace();
            combinator
        }
        _ => {
            input.reset(&state);
            ' '
        }
    }
}

/// Which root a compound selects.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Root {
    Html,
    Body,
}

/// A compound selector. Reused from one to the next.
#[derive(Default)]
struct Compound {
    element: Option<&'static str>,
    /// Whether it begins with `*`.
    is_universal: bool,
    root: Option<Root>,
    /// Whether it is the class of the wrapper and nothing else.
    is_scope: bool,
    /// Classes, ids and pseudo-classes.
    conditions: String,
}

impl Compound {
    fn push(&self, out: &mut String) {
        if self.is_universal && self.conditions.is_empty() {
            out.push('*');
        }
        out.push_str(self.element.unwrap_or_default());
        out.push_str(&self.conditions);
    }

    /// Reads up to white space, a combinator or the end.
    fn read(&mut self, input: &mut Parser<'_>, scope: &str) -> Result<(), Refused> {
        self.element = None;
        self.is_universal = false;
        self.root = None;
        self.is_scope = false;
        self.conditions.clear();
        let mut is_first = true;
        loop {
            let state = input.state();
            let Ok(token) = input.next_including_whitespace() else {
                break;
            };
            match token {
                Token::WhiteSpace(_) | Token::Delim('>' | '+') => {
                    input.reset(&state);
                    break;
                }
                _ if self.is_scope => return Err(refused()),
                Token::Delim('*') if is_first => self.is_universal = true,
                Token::Ident(name) if is_first => self.read_element(name)?,
                Token::IDHash(name) => {
                    self.conditions.push('#');
                    check(push_name(&mut self.conditions, name))?;
                }
                Token::Delim('.') => match input.next_including_whitespace()? {
                    Token::Ident(name) if is_first && **name == *scope => self.is_scope = true,
                    Token::Ident(name) => {
                        self.conditions.push('.');
                        check(push_name(&mut self.conditions, name))?;
                    }
                    _ => return Err(refused()),
                },
                Token::Colon => self.read_pseudo_class(input)?,
                _ => return Err(refused()),
            }
            is_first = false;
        }
        check(!is_first)
    }

    fn read_element(&mut self, name: &str) -> Result<(), Refused> {
        let lower = name.to_ascii_lowercase();
        match lower.as_str() {
            "html" => self.root = Some(Root::Html),
            "body" => self.root = Some(Root::Body),
            lower => {
                let (name, ..) = policy::element(lower).ok_or_else(refused)?;
                self.element = Some(name);
            }
        }
        Ok(())
    }

    fn read_pseudo_class(&mut self, input: &mut Parser<'_>) -> Result<(), Refused> {
        const SIMPLE: [&str; 8] = [
            "empty",
            "first-child",
            "first-of-type",
            "last-child",
            "last-of-type",
            "link",
            "only-child",
            "only-of-type",
        ];
        const NTH: [&str; 4] = [
            "nth-child",
            "nth-last-child",
            "nth-last-of-type",
            "nth-of-type",
        ];
        let known = |list: &'static [&'static str], name: &str| {
            list.iter().find(|other| other.eq_ignore_ascii_case(name))
        };
        match input.next_including_whitespace()? {
            Token::Ident(name) if name.eq_ignore_ascii_case("root") => {
                check(self.element.is_none() && self.root.is_none())?;
                self.root = Some(Root::Html);
            }
            Token::Ident(name) => {
                let name = known(&SIMPLE, name).ok_or_else(refused)?;
                self.conditions.extend([":", name]);
            }
            Token::Function(name) => {
                let name = known(&NTH, name).ok_or_else(refused)?;
                let (step, offset) =
                    input.parse_nested_block(|input| parse_nth(input).map_err(Refused::from))?;
                self.conditions.extend([":", name, "("]);
                write::integer(&mut self.conditions, step);
                self.conditions.push('n');
                if offset >= 0 {
                    self.conditions.push('+');
                }
                write::integer(&mut self.conditions, offset);
                self.conditions.push(')');
            }
            _ => return Err(refused()),
        }
        Ok(())
    }
}

fn refused() -> Refused {
    ParseError::unexpected_token()
}

fn check(is_allowed: bool) -> Result<(), Refused> {
    is_allowed.then_some(()).ok_or_else(refused)
}
