//! The tree that a browser builds from a document: its elements with the names of their attributes,
//! and its comments. Texts are left out, so two pages that differ only in texts have the same
//! outline.
//!
//! Also compiled into the tests of `app` and into `server/fuzz`.

use std::borrow::Cow;
use std::cell::RefCell;
use std::rc::{Rc, Weak};

use html5ever::interface::tree_builder::{ElementFlags, NodeOrText, QuirksMode, TreeSink};
use html5ever::tendril::{StrTendril, TendrilSink};
use html5ever::{Attribute, QualName, parse_document};

/// A document as a tree.
pub(crate) struct Document {
    root: Rc<Node>,
}

impl Document {
    /// Parses a document as a browser does where script runs, or where it does not.
    pub(crate) fn parse(document: &str, has_script: bool) -> Self {
        let mut options = html5ever::ParseOpts::default();
        options.tree_builder.scripting_enabled = has_script;
        let root = parse_document(Sink::default(), options).one(document);
        Self { root }
    }

    /// Returns one line for each element and comment: its depth, its name, the names of its
    /// attributes in alphabetical order, and the kind of URL of those that hold one.
    pub(crate) fn outline(&self) -> Vec<String> {
        let mut lines = Vec::new();
        self.each(|depth, node| match &node.kind {
            Kind::Element(name) => {
                let attributes = node.attributes.borrow();
                let mut names: Vec<String> = attributes.iter().map(attribute).collect();
                names.sort();
                lines.push(format!("{depth} {} {}", name.local, names.join(" ")));
            }
            Kind::Comment(text) => lines.push(format!("{depth} <!--{text}-->")),
            Kind::Document | Kind::Text(_) => {}
        });
        lines
    }

    /// Returns the text of each element of a name.
    pub(crate) fn texts_of(&self, wanted: &str) -> Vec<String> {
        let mut texts = Vec::new();
        self.each(|_, node| {
            if matches!(&node.kind, Kind::Element(name) if &*name.local == wanted) {
                let children = node.children.borrow();
                let parts = children.iter().filter_map(|child| match &child.kind {
                    Kind::Text(text) => Some(text.borrow().clone()),
                    _ => None,
                });
                texts.push(parts.collect());
            }
        });
        texts
    }

    fn each(&self, mut see: impl FnMut(usize, &Node)) {
        let mut open = vec![(0, Rc::clone(&self.root))];
        while let Some((depth, node)) = open.pop() {
            see(depth, &node);
            let children = node.children.borrow();
            open.extend(children.iter().rev().map(|c| (depth + 1, Rc::clone(c))));
        }
    }
}

/// Returns the name of an attribute, with the kind of its URL if it is followed or loaded.
fn attribute(attribute: &Attribute) -> String {
    let name = &*attribute.name.local;
    if !["href", "src", "action", "formaction", "data", "poster"].contains(&name) {
        return name.to_owned();
    }
    let value: &str = &attribute.value;
    let is_own_path = value.starts_with('/') && !value.starts_with("//");
    let kind = match value.split_once(':') {
        _ if is_own_path || value.starts_with(['?', '#']) || value.is_empty() => "own",
        Some((scheme, _)) => scheme,
        None => "elsewhere",
    };
    format!("{name}={kind}")
}

#[derive(Default)]
enum Kind {
    #[default]
    Document,
    Element(QualName),
    Comment(String),
    Text(RefCell<String>),
}

#[derive(Default)]
struct Node {
    kind: Kind,
    attributes: RefCell<Vec<Attribute>>,
    parent: RefCell<Weak<Self>>,
    children: RefCell<Vec<Rc<Self>>>,
}

impl Node {
    fn of(kind: Kind) -> Rc<Self> {
        Rc::new(Self {
            kind,
            ..Self::default()
        })
    }
}

#[derive(Default)]
struct Sink {
    document: Rc<Node>,
}

impl Sink {
    fn insert(&self, parent: &Rc<Node>, at: Option<usize>, child: NodeOrText<Rc<Node>>) {
        let at = at.unwrap_or_else(|| parent.children.borrow().len());
        let child = match child {
            NodeOrText::AppendNode(child) => {
                self.remove_from_parent(&child);
                child
            }
            NodeOrText::AppendText(text) => {
                let children = parent.children.borrow();
                let before = at.checked_sub(1).and_then(|before| children.get(before));
                if let Some(Kind::Text(before)) = before.map(|node| &node.kind) {
                    before.borrow_mut().push_str(&text);
                    return;
                }
                Node::of(Kind::Text(RefCell::new(text.to_string())))
            }
        };
        *child.parent.borrow_mut() = Rc::downgrade(parent);
        let mut children = parent.children.borrow_mut();
        let at = at.min(children.len());
        children.insert(at, child);
    }
}

impl TreeSink for Sink {
    type Handle = Rc<Node>;
    type Output = Rc<Node>;
    type ElemName<'a> = &'a QualName;

    fn finish(self) -> Rc<Node> {
        self.document
    }

    fn parse_error(&self, _: Cow<'static, str>) {}

    fn get_document(&self) -> Rc<Node> {
        Rc::clone(&self.document)
    }

    fn elem_name<'a>(&'a self, target: &'a Rc<Node>) -> &'a QualName {
        match &target.kind {
            Kind::Element(name) => name,
            _ => panic!("only elements are asked for their names"),
        }
    }

    fn create_element(&self, name: QualName, attrs: Vec<Attribute>, _: ElementFlags) -> Rc<Node> {
        let node = Node::of(Kind::Element(name));
        node.attributes.replace(attrs);
        node
    }

    fn create_comment(&self, text: StrTendril) -> Rc<Node> {
        Node::of(Kind::Comment(text.to_string()))
    }

    fn create_pi(&self, _: StrTendril, _: StrTendril) -> Rc<Node> {
        Rc::default()
    }

    fn append(&self, parent: &Rc<Node>, child: NodeOrText<Rc<Node>>) {
        self.insert(parent, None, child);
    }

    fn append_based_on_parent_node(
        &self,
        element: &Rc<Node>,
        previous: &Rc<Node>,
        child: NodeOrText<Rc<Node>>,
    ) {
        if element.parent.borrow().upgrade().is_some() {
            self.append_before_sibling(element, child);
        } else {
            self.append(previous, child);
        }
    }

    fn append_doctype_to_document(&self, _: StrTendril, _: StrTendril, _: StrTendril) {}

    fn get_template_contents(&self, target: &Rc<Node>) -> Rc<Node> {
        Rc::clone(target)
    }

    fn same_node(&self, x: &Rc<Node>, y: &Rc<Node>) -> bool {
        Rc::ptr_eq(x, y)
    }

    fn set_quirks_mode(&self, _: QuirksMode) {}

    fn append_before_sibling(&self, sibling: &Rc<Node>, child: NodeOrText<Rc<Node>>) {
        let parent = sibling.parent.borrow().upgrade().expect("a parent");
        let at = parent
            .children
            .borrow()
            .iter()
            .position(|other| Rc::ptr_eq(other, sibling));
        self.insert(&parent, at, child);
    }

    fn add_attrs_if_missing(&self, target: &Rc<Node>, attrs: Vec<Attribute>) {
        let mut existing = target.attributes.borrow_mut();
        for attr in attrs {
            if existing.iter().all(|other| other.name != attr.name) {
                existing.push(attr);
            }
        }
    }

    fn remove_from_parent(&self, target: &Rc<Node>) {
        if let Some(parent) = target.parent.take().upgrade() {
            parent
                .children
                .borrow_mut()
                .retain(|other| !Rc::ptr_eq(other, target));
        }
    }

    fn reparent_children(&self, node: &Rc<Node>, new_parent: &Rc<Node>) {
        for child in node.children.take() {
            *child.parent.borrow_mut() = Rc::downgrade(new_parent);
            new_parent.children.borrow_mut().push(child);
        }
    }
}
