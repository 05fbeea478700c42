//! Style sheets: rules and at-rules.

use std::collections::HashSet;

use cssparser::{
    AtRuleParser, CowRcStr, DeclarationParser, ParseError, Parser, ParserState,
    QualifiedRuleParser, RuleBodyItemParser, RuleBodyParser, StyleSheetParser, Token,
};

use super::value::Value;
use super::{
    Css, DEPTH_MAX, SHEET_BYTES, SHEET_SELECTORS_MAX, media, property, push_declarations, selector,
};

type Refused = ParseError<()>;

/// The style sheet of a document, cleaned from its `style` elements.
#[derive(Debug, Default)]
pub(in super::super) struct Sheet {
    /// The rules.
    pub(in super::super) text: String,
    /// The classes and ids, with their prefix, that a rule shows although they may be hidden by
    /// their own `style`.
    pub(in super::super) revealed: HashSet<String>,
    /// Whether there are rules for the dark scheme.
    pub(in super::super) has_dark_rules: bool,
    /// Whether there are media rules.
    pub(in super::super) has_media_rules: bool,
    /// The number of selectors.
    selectors: usize,
    is_full: bool,
}

impl Sheet {
    /// Whether a few more rules of this length fit, written before the others.
    pub(in super::super) fn has_room(&self, bytes: usize) -> bool {
        self.text.len() + bytes <= SHEET_BYTES && self.selectors + 2 <= SHEET_SELECTORS_MAX
    }
}

/// Cleans the text of a `style` element and appends its rules; `media` is its attribute.
pub(in super::super) fn clean_sheet(text: &str, media: &str, css: &Css<'_>, sheet: &mut Sheet) {
    let mut rules = Rules {
        css,
        sheet,
        selectors: String::new(),
        value: Value::default(),
        depth: 0,
    };
    let Some(media) = media::parse_list(&mut Parser::new(media), css.scheme) else {
        return;
    };
    let mut input = Parser::new(text);
    if media.text == "all" {
        rules.parse(&mut input);
    } else {
        rules.conditional(&Condition::media(media), |rules| rules.parse(&mut input));
    }
}

/// The rules of a sheet or a block, which are written as they are parsed.
struct Rules<'r, 'c> {
    css: &'r Css<'c>,
    sheet: &'r mut Sheet,
    /// The selectors of the present rule.
    selectors: String,
    value: Value,
    depth: usize,
}

/// The condition of a block of rules.
struct Condition {
    /// The name and the prelude of the at-rule.
    text: String,
    is_media: bool,
    is_dark: bool,
}

impl Condition {
    fn media(media: media::Media) -> Self {
        Self {
            text: format!("@media {}", media.text),
            is_media: true,
            is_dark: media.is_dark,
        }
    }
}

impl Rules<'_, '_> {
    fn parse(&mut self, input: &mut Parser<'_>) {
        let mut rules = StyleSheetParser::new(input, self);
        while rules.next().is_some() {
            if rules.parser.sheet.is_full {
                return;
            }
        }
    }

    /// Writes the rules of a block, if there are any.
    fn conditional(&mut self, condition: &Condition, rules: impl FnOnce(&mut Self)) {
        let start = self.sheet.text.len();
        self.sheet.text.extend([&condition.text, "{"]);
        let body = self.sheet.text.len();
        self.depth += 1;
        rules(self);
        self.depth -= 1;
        if self.sheet.text.len() == body {
            self.sheet.text.truncate(start);
            return;
        }
        self.sheet.text.push('}');
        self.sheet.has_media_rules |= condition.is_media;
        self.sheet.has_dark_rules |= condition.is_dark;
    }

    /// Notes the classes and ids of the elements that the present rule selects.
    fn note_revealed(&mut self) {
        for selector in self.selectors.split(',') {
            let compound = selector.rsplit([' ', '>', '+']).next();
            let names = compound.unwrap_or_default().split(['.', '#', ':']).skip(1);
            self.sheet.revealed.extend(names.map(str::to_owned));
        }
    }
}

impl<'i> QualifiedRuleParser<'i> for Rules<'_, '_> {
    type Prelude = ();
    type QualifiedRule = ();
    type Error = ();

    fn parse_prelude(&mut self, input: &mut Parser<'i>) -> Result<(), Refused> {
        self.selectors.clear();
        selector::push_list(input, self.css.scope, &mut self.selectors);
        let is_empty = self.selectors.is_empty();
        (!is_empty)
            .then_some(())
            .ok_or_else(ParseError::unexpected_token)
    }

    fn parse_block(
        &mut self,
        _prelude: (),
        _start: &ParserState,
        input: &mut Parser<'i>,
    ) -> Result<(), Refused> {
        let out = &mut self.sheet.text;
        let start = out.len();
        out.extend([&self.selectors, "{"]);
        let body = out.len();
        let effects = push_declarations(input, self.css, &mut self.value, out);
        if out.len() == body {
            out.truncate(start);
            return Ok(());
        }
        out.push('}');
        let selectors = self.sheet.selectors + self.selectors.split(',').count();
        // The ends of the blocks around it count as well.
        if selectors > SHEET_SELECTORS_MAX || out.len() + self.depth > SHEET_BYTES {
            out.truncate(start);
            self.sheet.is_full = true;
            return Ok(());
        }
        self.sheet.selectors = selectors;
        if effects.reveals {
            self.note_revealed();
        }
        Ok(())
    }
}

impl<'i> AtRuleParser<'i> for Rules<'_, '_> {
    type Prelude = Condition;
    type AtRule = ();
    type Error = ();

    fn parse_prelude(
        &mut self,
        name: CowRcStr<'i>,
        input: &mut Parser<'i>,
    ) -> Result<Condition, Refused> {
        if name.eq_ignore_ascii_case("media") {
            let media = media::parse_list(input, self.css.scheme);
            return media
                .map(Condition::media)
                .ok_or_else(ParseError::unexpected_token);
        }
        if name.eq_ignore_ascii_case("supports") {
            let text = self.supports(input)?;
            return Ok(Condition {
                text,
                is_media: false,
                is_dark: false,
            });
        }
        Err(ParseError::unexpected_token())
    }

    fn parse_block(
        &mut self,
        condition: Condition,
        _start: &ParserState,
        input: &mut Parser<'i>,
    ) -> Result<(), Refused> {
        if self.depth >= DEPTH_MAX {
            return Err(ParseError::unexpected_token());
        }
        self.conditional(&condition, |rules| {
            let mut body = RuleBodyParser::new(input, rules);
            while body.next().is_some() {
                if body.parser.sheet.is_full {
                    return;
                }
            }
        });
        Ok(())
    }
}

impl Rules<'_, '_> {
    /// Parses the condition of `@supports`: one declaration, which itself must be allowed.
    fn supports(&mut self, input: &mut Parser<'_>) -> Result<String, Refused> {
        if !matches!(input.next()?, Token::ParenthesisBlock) {
            return Err(ParseError::unexpected_token());
        }
        let value = &mut self.value;
        input.parse_nested_block(|input| {
            let property = property::find(input.expect_ident()?);
            let property = property.ok_or_else(ParseError::unexpected_token)?;
            input.expect_colon()?;
            if value.parse(input, property.kinds, &|_| None)? {
                return Err(ParseError::unexpected_token());
            }
            Ok(format!("@supports ({}:{})", property.name, value.text()))
        })
    }
}

impl DeclarationParser<'_> for Rules<'_, '_> {
    type Declaration = ();
    type Error = ();
}

impl RuleBodyItemParser<'_, (), ()> for Rules<'_, '_> {
    fn parse_declarations(&self) -> bool {
        false
    }

    fn parse_qualified(&self) -> bool {
        true
    }
}
