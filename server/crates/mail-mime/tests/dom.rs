//! Tree of elements as a browser would build it, for checks on sanitized HTML.

use std::borrow::Cow;
use std::cell::RefCell;
use std::rc::{Rc, Weak};

use html5ever::interface::tree_builder::{ElementFlags, NodeOrText, QuirksMode, TreeSink};
use html5ever::tendril::{StrTendril, TendrilSink};
use html5ever::{Attribute, QualName, ns, parse_document};

/// One element: its depth, its name, its attributes.
pub(crate) struct Element {
    pub(crate) depth: usize,
    pub(crate) name: String,
    pub(crate) is_html: bool,
    pub(crate) attributes: Vec<(String, String)>,
}

/// Parses a whole document and lists its elements in order.
pub(crate) fn elements(document: &str) -> Vec<Element> {
    let root = parse_document(Sink::default(), Default::default()).one(document);
    let mut out = Vec::new();
    let mut open = vec![(0, root)];
    while let Some((depth, node)) = open.pop() {
        if let Some(name) = &node.name {
            let attributes = node.attributes.borrow();
            out.push(Element {
                depth,
                name: name.local.to_string(),
                is_html: name.ns == ns!(html),
                attributes: attributes
                    .iter()
                    .map(|a| (a.name.local.to_string(), a.value.to_string()))
                    .collect(),
            });
        }
        let children = node.children.borrow();
        open.extend(
            children
                .iter()
                .rev()
                .map(|child| (depth + 1, Rc::clone(child))),
        );
    }
    out
}

#[derive(Default)]
struct Node {
    name: Option<QualName>,
    attributes: RefCell<Vec<Attribute>>,
    parent: RefCell<Weak<Self>>,
    children: RefCell<Vec<Rc<Self>>>,
}

#[derive(Default)]
struct Sink {
    document: Rc<Node>,
}

impl Sink {
    fn insert(&self, parent: &Rc<Node>, at: Option<usize>, child: NodeOrText<Rc<Node>>) {
        // Text nodes are not elements and are not listed.
        if let NodeOrText::AppendNode(child) = child {
            self.remove_from_parent(&child);
            *child.parent.borrow_mut() = Rc::downgrade(parent);
            let mut children = parent.children.borrow_mut();
            let at = at.unwrap_or(children.len());
            children.insert(at, child);
        }
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
        target.name.as_ref().expect("an element")
    }

    fn create_element(&self, name: QualName, attrs: Vec<Attribute>, _: ElementFlags) -> Rc<Node> {
        Rc::new(Node {
            name: Some(name),
            attributes: RefCell::new(attrs),
            ..Node::default()
        })
    }

    fn create_comment(&self, _: StrTendril) -> Rc<Node> {
        Rc::default()
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
