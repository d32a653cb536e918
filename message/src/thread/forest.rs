//! A forest whose trees are joined and cut apart, and asked for the root of a node: in logarithmic time on average,
//! however deep the trees are (a link-cut tree, kept in arrays). Owns that structure; what a node means is the caller's.

const NONE: u32 = u32::MAX;

/// Nodes are numbered from 0 in the order they are added.
#[derive(Debug, Default)]
pub(super) struct Forest {
    /// The parent in the forest that is asked about.
    parents: Vec<u32>,
    nodes: Vec<Node>,
}

/// Each preferred path is a binary tree in the order of depth, balanced by splaying.
#[derive(Clone, Copy, Debug)]
struct Node {
    /// The parent in that binary tree, or, of its root, what the path hangs from.
    up: u32,
    /// Nearer to the root of the forest's tree.
    above: u32,
    below: u32,
}

impl Forest {
    /// A new node without parent.
    pub(super) fn add(&mut self) -> u32 {
        let number = u32::try_from(self.nodes.len()).unwrap_or(NONE);
        self.nodes.push(Node { up: NONE, above: NONE, below: NONE });
        self.parents.push(NONE);
        number
    }

    /// The parent of a node.
    pub(super) fn parent(&self, node: u32) -> Option<u32> {
        self.parents.get(node as usize).copied().filter(|parent| *parent != NONE)
    }

    /// How many nodes there are.
    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Gives `child`, which has no parent, one; does nothing where that would close a loop.
    pub(super) fn link(&mut self, child: u32, parent: u32) {
        if self.root(parent) == child {
            return;
        }
        self.access(child);
        self.set(child, |node| node.up = parent);
        if let Some(known) = self.parents.get_mut(child as usize) {
            *known = parent;
        }
    }

    /// Takes a node, and what hangs from it, away from its parent.
    pub(super) fn cut(&mut self, node: u32) {
        self.access(node);
        let above = self.node(node).above;
        if above != NONE {
            self.set(above, |node| node.up = NONE);
            self.set(node, |node| node.above = NONE);
        }
        if let Some(known) = self.parents.get_mut(node as usize) {
            *known = NONE;
        }
    }

    fn root(&mut self, node: u32) -> u32 {
        self.access(node);
        let mut root = node;
        while self.node(root).above != NONE {
            root = self.node(root).above;
        }
        // So that the way, if it was long, is short the next time.
        self.splay(root);
        root
    }

    /// Makes the way from the root to `node` one path, with `node` on top of its binary tree.
    fn access(&mut self, node: u32) {
        let (mut below, mut at) = (NONE, node);
        while at != NONE {
            self.splay(at);
            self.set(at, |node| node.below = below);
            below = at;
            at = self.node(at).up;
        }
        self.splay(node);
    }

    fn splay(&mut self, node: u32) {
        while let Some(up) = self.up_in_path(node) {
            if let Some(top) = self.up_in_path(up) {
                let same_side = (self.node(up).above == node) == (self.node(top).above == up);
                self.rotate(if same_side { up } else { node });
            }
            self.rotate(node);
        }
    }

    /// The parent in the binary tree of the same path.
    fn up_in_path(&self, node: u32) -> Option<u32> {
        let up = self.node(node).up;
        let parent = self.node(up);
        (up != NONE && (parent.above == node || parent.below == node)).then_some(up)
    }

    /// Puts `node` in the place of its parent in the binary tree.
    fn rotate(&mut self, node: u32) {
        let up = self.node(node).up;
        let top = self.node(up).up;
        let top_is_path = self.up_in_path(up).is_some();
        let moved = if self.node(up).above == node {
            let moved = self.node(node).below;
            self.set(up, |up| up.above = moved);
            self.set(node, |node| node.below = up);
            moved
        } else {
            let moved = self.node(node).above;
            self.set(up, |up| up.below = moved);
            self.set(node, |node| node.above = up);
            moved
        };
        self.set(moved, |moved| moved.up = up);
        self.set(up, |up| up.up = node);
        self.set(node, |node| node.up = top);
        if top_is_path {
            self.set(top, |top| {
                let side = if top.above == up { &mut top.above } else { &mut top.below };
                *side = node;
            });
        }
    }

    fn node(&self, number: u32) -> Node {
        let none = Node { up: NONE, above: NONE, below: NONE };
        self.nodes.get(number as usize).copied().unwrap_or(none)
    }

    fn set(&mut self, number: u32, change: impl FnOnce(&mut Node)) {
        if let Some(node) = self.nodes.get_mut(number as usize) {
            change(node);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// The same as walking up parent by parent.
        #[test]
        fn does_what_a_slow_forest_does(steps in prop::collection::vec((0_u32..12, 0_u32..12, any::<bool>()), 0..80)) {
            let mut forest = Forest::default();
            let mut parents: Vec<Option<u32>> = (0..12).map(|_| { forest.add(); None }).collect();
            for (child, parent, cut) in steps {
                if cut || parents[child as usize].is_some() {
                    forest.cut(child);
                    parents[child as usize] = None;
                } else {
                    forest.link(child, parent);
                    let mut root = parent;
                    while let Some(up) = parents[root as usize] { root = up; }
                    if root != child { parents[child as usize] = Some(parent); }
                }
                for node in 0..12 {
                    prop_assert_eq!(forest.parent(node), parents[node as usize]);
                }
            }
        }
    }
}
