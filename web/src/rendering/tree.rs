//! HTML as a tree, read by html5ever as browsers read it (HTML standard §13.2), with bounded memory and time. Owns the
//! tree and its bounds; does not know what is safe (`clean`).
//!
//! The nodes lie in one list and know their neighbours by number, so that nothing recurses and moving a node is cheap
//! however many brothers it has. A guard stands between tokenizer and tree builder and takes no more tags once the
//! lists that the builder walks for each tag are full.

use super::bounds::{self, OPEN_MAX, WORK_MAX};
use html5ever::interface::{ElemName, ElementFlags, NodeOrText, QuirksMode, Tracer, TreeSink};
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer};
use html5ever::tree_builder::{TreeBuilder, TreeBuilderOpts};
use html5ever::{Attribute, LocalName, Namespace, QualName, TokenizerResult, ns};
use std::borrow::Cow;
use std::cell::{Cell, RefCell};

/// The document, root of the tree.
pub const DOCUMENT: usize = 0;

/// What a node is.
#[derive(Debug)]
pub enum Content {
    /// The document, a template's content, or a node that is not kept.
    Nothing,
    /// Text.
    Text(String),
    /// An element.
    Element(Element),
}

/// An element and what it says of itself.
#[derive(Debug)]
pub struct Element {
    /// Its name, lower case.
    pub name: LocalName,
    /// Whether it is of HTML: not SVG, not MathML.
    pub is_html: bool,
    /// Its attributes, names in lower case.
    pub attributes: Vec<(LocalName, StrTendril)>,
    whole_name: QualName,
}

impl Element {
    /// The value of an attribute.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(own, _)| &**own == name).map(|(_, value)| &**value)
    }
}

/// One node and its neighbours.
#[derive(Debug)]
struct Node {
    content: Content,
    parent: Option<usize>,
    first: Option<usize>,
    last: Option<usize>,
    previous: Option<usize>,
    next: Option<usize>,
}

/// A document that was read.
#[derive(Debug)]
pub struct Tree {
    nodes: RefCell<Vec<Node>>,
    /// Steps the builder took: nodes made, moved or merged.
    work: Cell<usize>,
    shortened: Cell<bool>,
}

impl Tree {
    /// Reads a document. Linear in the text; what is more than [`WORK_MAX`] steps is left out.
    #[must_use]
    pub fn read(text: &str) -> Tree {
        let readable = bounds::readable(text);
        let options = TreeBuilderOpts { drop_doctype: true, ..TreeBuilderOpts::default() };
        let guard = Guard { builder: TreeBuilder::new(Tree::new(), options) };
        let tokenizer = Tokenizer::new(guard, html5ever::tokenizer::TokenizerOpts::default());
        let input = BufferQueue::default();
        input.push_back(StrTendril::from_slice(readable));
        // A script's end makes the tokenizer stop, so that it could run; nothing runs here.
        while !matches!(tokenizer.feed(&input), TokenizerResult::Done) {}
        tokenizer.end();
        let tree = tokenizer.sink.builder.sink;
        if readable.len() < text.len() {
            tree.shortened.set(true);
        }
        tree
    }

    fn new() -> Tree {
        let tree = Tree { nodes: RefCell::default(), work: Cell::new(0), shortened: Cell::new(false) };
        tree.add(Content::Nothing);
        tree
    }

    /// Whether something was left out because there was too much of it.
    #[must_use]
    pub fn is_shortened(&self) -> bool {
        self.shortened.get()
    }

    /// The first child of a node.
    #[must_use]
    pub fn first_child(&self, node: usize) -> Option<usize> {
        self.nodes.borrow().get(node)?.first
    }

    /// The next child of the same parent.
    #[must_use]
    pub fn next_sibling(&self, node: usize) -> Option<usize> {
        self.nodes.borrow().get(node)?.next
    }

    /// Shows a node's content.
    pub fn with<T>(&self, node: usize, show: impl FnOnce(&Content) -> T) -> T {
        show(self.nodes.borrow().get(node).map_or(&Content::Nothing, |node| &node.content))
    }

    /// The first element of a name below the document or its root: `head` and `body`.
    #[must_use]
    pub fn section(&self, name: &str) -> Option<usize> {
        let root = self.children(DOCUMENT).find(|node| self.is_named(*node, "html"))?;
        self.children(root).find(|node| self.is_named(*node, name))
    }

    /// The children of a node.
    pub fn children(&self, node: usize) -> impl Iterator<Item = usize> {
        std::iter::successors(self.first_child(node), |node| self.next_sibling(*node))
    }

    /// Whether a node is an HTML element of this name.
    #[must_use]
    pub fn is_named(&self, node: usize, name: &str) -> bool {
        self.with(node, |content| matches!(content, Content::Element(own) if own.is_html && &*own.name == name))
    }

    /// The text right below a node, as of a style sheet.
    #[must_use]
    pub fn text_of(&self, node: usize) -> String {
        let mut text = String::new();
        for child in self.children(node) {
            self.with(child, |content| {
                if let Content::Text(own) = content {
                    text.push_str(own);
                }
            });
        }
        text
    }

    fn add(&self, content: Content) -> usize {
        let mut nodes = self.nodes.borrow_mut();
        nodes.push(Node { content, parent: None, first: None, last: None, previous: None, next: None });
        self.work.set(self.work.get() + 1);
        nodes.len() - 1
    }

    fn is_full(&self) -> bool {
        self.work.get() >= WORK_MAX
    }

    /// Takes a node from where it stands.
    fn detach(&self, node: usize) {
        let mut nodes = self.nodes.borrow_mut();
        let Some((parent, previous, next)) =
            nodes.get_mut(node).map(|own| (own.parent.take(), own.previous.take(), own.next.take()))
        else {
            return;
        };
        if let Some(before) = previous.and_then(|previous| nodes.get_mut(previous)) {
            before.next = next;
        } else if let Some(parent) = parent.and_then(|parent| nodes.get_mut(parent)) {
            parent.first = next;
        }
        if let Some(after) = next.and_then(|next| nodes.get_mut(next)) {
            after.previous = previous;
        } else if let Some(parent) = parent.and_then(|parent| nodes.get_mut(parent)) {
            parent.last = previous;
        }
    }

    /// Puts a node below `parent`, before `next` or last.
    fn attach(&self, node: usize, parent: usize, next: Option<usize>) {
        self.detach(node);
        self.work.set(self.work.get() + 1);
        let mut nodes = self.nodes.borrow_mut();
        let previous = match next {
            Some(next) => nodes.get(next).and_then(|next| next.previous),
            None => nodes.get(parent).and_then(|parent| parent.last),
        };
        if let Some(own) = nodes.get_mut(node) {
            (own.parent, own.previous, own.next) = (Some(parent), previous, next);
        }
        if let Some(before) = previous.and_then(|previous| nodes.get_mut(previous)) {
            before.next = Some(node);
        } else if let Some(parent) = nodes.get_mut(parent) {
            parent.first = Some(node);
        }
        if let Some(after) = next.and_then(|next| nodes.get_mut(next)) {
            after.previous = Some(node);
        } else if let Some(parent) = nodes.get_mut(parent) {
            parent.last = Some(node);
        }
    }

    /// Puts what the builder has before `next` or last; text joins the text that stands there.
    fn put(&self, parent: usize, next: Option<usize>, child: NodeOrText<usize>) {
        match child {
            NodeOrText::AppendNode(node) => self.attach(node, parent, next),
            NodeOrText::AppendText(text) => {
                let previous = {
                    let nodes = self.nodes.borrow();
                    match next {
                        Some(next) => nodes.get(next).and_then(|next| next.previous),
                        None => nodes.get(parent).and_then(|parent| parent.last),
                    }
                };
                if !previous.is_some_and(|previous| self.extend(previous, &text)) {
                    let node = self.add(Content::Text(text.to_string()));
                    self.attach(node, parent, next);
                }
            }
        }
    }

    fn extend(&self, node: usize, more: &str) -> bool {
        match self.nodes.borrow_mut().get_mut(node).map(|node| &mut node.content) {
            Some(Content::Text(text)) => {
                text.push_str(more);
                true
            }
            _ => false,
        }
    }

    fn parent_of(&self, node: usize) -> Option<usize> {
        self.nodes.borrow().get(node)?.parent
    }
}

/// The name of an element, as the builder asks for it.
#[derive(Debug)]
pub struct Name(QualName);

impl ElemName for Name {
    fn ns(&self) -> &Namespace {
        &self.0.ns
    }

    fn local_name(&self) -> &LocalName {
        &self.0.local
    }
}

impl TreeSink for Tree {
    type Handle = usize;
    type Output = Tree;
    type ElemName<'a> = Name;

    fn finish(self) -> Tree {
        self
    }

    fn parse_error(&self, _: Cow<'static, str>) {}

    fn get_document(&self) -> usize {
        DOCUMENT
    }

    fn elem_name<'a>(&'a self, target: &'a usize) -> Name {
        self.with(*target, |content| match content {
            Content::Element(element) => Name(element.whole_name.clone()),
            _ => Name(QualName::new(None, ns!(), LocalName::from(""))),
        })
    }

    fn create_element(&self, name: QualName, attributes: Vec<Attribute>, _: ElementFlags) -> usize {
        let attributes = attributes.into_iter().map(|own| (own.name.local, own.value)).collect();
        let is_html = name.ns == ns!(html);
        self.add(Content::Element(Element { name: name.local.clone(), is_html, attributes, whole_name: name }))
    }

    fn create_comment(&self, _: StrTendril) -> usize {
        self.add(Content::Nothing)
    }

    fn create_pi(&self, _: StrTendril, _: StrTendril) -> usize {
        self.add(Content::Nothing)
    }

    fn append(&self, parent: &usize, child: NodeOrText<usize>) {
        self.put(*parent, None, child);
    }

    fn append_based_on_parent_node(&self, element: &usize, previous: &usize, child: NodeOrText<usize>) {
        match self.parent_of(*element) {
            Some(parent) => self.put(parent, Some(*element), child),
            None => self.put(*previous, None, child),
        }
    }

    fn append_doctype_to_document(&self, _: StrTendril, _: StrTendril, _: StrTendril) {}

    fn get_template_contents(&self, target: &usize) -> usize {
        // A template is left out with all it holds, so its content may stand below it.
        *target
    }

    fn same_node(&self, one: &usize, other: &usize) -> bool {
        one == other
    }

    fn set_quirks_mode(&self, _: QuirksMode) {}

    fn append_before_sibling(&self, sibling: &usize, node: NodeOrText<usize>) {
        if let Some(parent) = self.parent_of(*sibling) {
            self.put(parent, Some(*sibling), node);
        }
    }

    fn add_attrs_if_missing(&self, target: &usize, attributes: Vec<Attribute>) {
        let mut nodes = self.nodes.borrow_mut();
        let Some(Content::Element(element)) = nodes.get_mut(*target).map(|node| &mut node.content) else {
            return;
        };
        for more in attributes {
            let known = element.attributes.iter().any(|(name, _)| *name == more.name.local);
            if !known && element.attributes.len() < bounds::ATTRIBUTES_MAX {
                element.attributes.push((more.name.local, more.value));
            }
        }
    }

    fn remove_from_parent(&self, target: &usize) {
        self.detach(*target);
    }

    fn reparent_children(&self, node: &usize, new_parent: &usize) {
        while let Some(child) = self.first_child(*node) {
            self.attach(child, *new_parent, None);
        }
    }

    fn allow_declarative_shadow_roots(&self, _: &usize) -> bool {
        false
    }
}

/// Keeps tokens from the builder that would cost too much.
struct Guard {
    builder: TreeBuilder<usize, Tree>,
}

/// Counts the elements in the builder's lists.
#[derive(Default)]
struct Count(Cell<usize>);

impl Tracer for Count {
    type Handle = usize;

    fn trace_handle(&self, _: &usize) {
        self.0.set(self.0.get() + 1);
    }
}

impl Guard {
    fn takes(&self, token: &Token) -> bool {
        let tree = &self.builder.sink;
        let taken = match token {
            Token::TagToken(tag) if tag.kind == TagKind::StartTag => {
                !tree.is_full() && (stays_closed(tag) || self.has_room())
            }
            Token::TagToken(_) | Token::EOFToken | Token::NullCharacterToken | Token::ParseError(_) => true,
            Token::CharacterTokens(_) | Token::CommentToken(_) | Token::DoctypeToken(_) => !tree.is_full(),
        };
        if !taken {
            tree.shortened.set(true);
        }
        taken
    }

    fn has_room(&self) -> bool {
        let count = Count::default();
        self.builder.trace_handles(&count);
        count.0.get() < OPEN_MAX
    }
}

/// Whether the element is closed by itself or by the next end tag, whatever else is open; the content of such a one is
/// text to the tokenizer, and would come out as tags if the tokenizer were not told.
fn stays_closed(tag: &Tag) -> bool {
    matches!(
        &*tag.name,
        "br" | "img" | "hr" | "wbr" | "input" | "style" | "script" | "title" | "textarea" | "iframe" | "xmp"
    )
}

impl TokenSink for Guard {
    type Handle = usize;

    fn process_token(&self, token: Token, line: u64) -> TokenSinkResult<usize> {
        if self.takes(&token) { self.builder.process_token(token, line) } else { TokenSinkResult::Continue }
    }

    fn end(&self) {
        self.builder.end();
    }

    fn adjusted_current_node_present_but_not_in_html_namespace(&self) -> bool {
        self.builder.adjusted_current_node_present_but_not_in_html_namespace()
    }
}
