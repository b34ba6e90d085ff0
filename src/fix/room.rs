//! Room in the channel, so that a send goes on whether or not anybody still receives.

use super::Draft;
use super::bench::Bench;
use super::quiet::quiet_after;
use super::scope::{self, Binding};
use super::text::Editor;
use super::total::{Total, total};
use super::tree::Tree;
use super::uses::{Uses, holder, uses};
use crate::finding::{Anchors, Edit, FixKind};
use crate::source::{Place, Span};
use crate::syntax::ast::{Expr, ExprId, LiteralKind, Stmt};
use crate::syntax::parts::Part;

/// `make(chan T)` becomes `make(chan T, 1)`.
///
/// Safe when one goroutine sends, at most once in a run, nothing that matters comes behind the send, somebody may receive,
/// and nobody looks at the channel's length or offers a value to it in a `select`.
pub(super) fn one<'a>(bench: &Bench<'a>, anchors: &Anchors) -> Option<Draft> {
    let made = made_at(bench, anchors)?;
    let full = |made: &Made<'_, 'a>| made.capacity.is_some_and(|c| made.tree.expr_text(c) != "0");
    if made.iter().any(full) {
        return None;
    }
    let safe = made.iter().all(|made| {
        made.total(bench).is_some_and(|t| t.constant == Some(1)) && made.harmless(bench)
    });
    let rooms: Vec<_> = made.iter().map(|made| (made, "1".to_owned())).collect();
    Some(draft(FixKind::RoomForOne, "one value", &rooms, safe))
}

/// `make(chan T)` becomes `make(chan T, n)` with the number of values that are sent.
///
/// Safe under the conditions of [`one`], when the number is a constant or the length of something whose type is known and
/// no goroutine sends in a loop of its own.
pub(super) fn all(bench: &Bench<'_>, anchors: &Anchors) -> Option<Draft> {
    let made = made_at(bench, anchors)?;
    let rooms = made
        .iter()
        .map(|made| Some((made, made.better_total(bench)?)))
        .collect::<Option<Vec<_>>>()?;
    let safe = rooms
        .iter()
        .all(|(made, total)| total.sure && !total.streams && made.harmless(bench));
    let first = &rooms.first()?.1;
    // One value it is, however many channels a loop makes.
    let (kind, room) = match first.constant {
        Some(1) => (FixKind::RoomForOne, "one value".to_owned()),
        Some(n) => (FixKind::RoomForAll, format!("{n} values")),
        None => (FixKind::RoomForAll, format!("`{}` values", first.text)),
    };
    let rooms: Vec<_> = rooms
        .iter()
        .map(|(made, t)| (*made, t.text.clone()))
        .collect();
    Some(draft(kind, &room, &rooms, safe))
}

/// Every `make` of the channel that is stuck at; `None` when one of them is something else.
fn made_at<'b, 'a>(bench: &'b Bench<'a>, anchors: &Anchors) -> Option<Vec<Made<'b, 'a>>> {
    let made = anchors
        .makes
        .iter()
        .map(|place| Made::at(bench, *place))
        .collect::<Option<Vec<_>>>()?;
    (!made.is_empty()).then_some(made)
}

fn draft(kind: FixKind, room: &str, rooms: &[(&Made<'_, '_>, String)], safe: bool) -> Draft {
    let mut names: Vec<String> = rooms.iter().map(|(made, _)| made.name()).collect();
    names.sort();
    names.dedup();
    let mut edits: Vec<Edit> = rooms
        .iter()
        .flat_map(|(made, capacity)| made.edits(capacity))
        .collect();
    edits.sort_by_key(|edit| edit.at);
    Draft {
        title: format!("give {} room for {room}", names.join(" and ")),
        kind,
        safe,
        edits,
    }
}

/// A `make` of a channel, and what is done with what it makes.
struct Made<'b, 'a> {
    tree: &'b Tree<'a>,
    make: ExprId,
    element: ExprId,
    capacity: Option<ExprId>,
    holder: Option<Binding<'a>>,
    uses: Uses,
}

impl<'b, 'a> Made<'b, 'a> {
    fn at(bench: &'b Bench<'a>, place: Place) -> Option<Self> {
        let tree = bench.tree(place.file)?;
        let make = tree.expr_at(place.span)?;
        let (element, capacity) = match tree.builtin(make, "make")? {
            [element] => (*element, None),
            [element, capacity] => (*element, Some(*capacity)),
            _ => return None,
        };
        let holder = holder(tree, make);
        let uses = match &holder {
            Some(binding) => uses(bench, tree, binding),
            None => Uses {
                incomplete: true,
                ..Uses::default()
            },
        };
        Some(Self {
            tree,
            make,
            element,
            capacity,
            holder,
            uses,
        })
    }

    fn total(&self, bench: &Bench<'a>) -> Option<Total> {
        if self.uses.sends.is_empty() || !self.is_received() {
            return None;
        }
        total(bench, self.tree, self.make, &self.uses.sends)
    }

    /// Whether anybody ever receives; what nobody does was meant in another way.
    fn is_received(&self) -> bool {
        !self.uses.receives.is_empty() || !self.uses.ranges.is_empty()
    }

    /// Whether nothing changes with room but that the sends go on.
    fn harmless(&self, bench: &Bench<'a>) -> bool {
        let Some(holder) = &self.holder else {
            return false;
        };
        let uses = &self.uses;
        let plain = !uses.incomplete && !uses.looked_at && uses.offers.is_empty();
        plain
            && !self.remade(holder)
            && uses.sends.iter().all(|send| {
                bench
                    .tree(send.file)
                    .is_some_and(|there| quiet_after(bench, there, send.stmt))
            })
    }

    /// Whether the variable is given other channels too.
    fn remade(&self, holder: &Binding<'a>) -> bool {
        let body = self
            .tree
            .functions(Part::Expr(self.make))
            .into_iter()
            .last()
            .and_then(super::tree::Func::body)
            .map_or_else(Span::default, |body| body.span);
        scope::reassigned(self.tree, holder, body)
    }

    fn edits(&self, capacity: &str) -> Vec<Edit> {
        let mut editor = Editor::new(self.tree);
        match self.capacity {
            Some(old) => editor.replace(self.tree.ast.expr_span(old), capacity),
            None => editor.insert(
                self.tree.ast.expr_span(self.element).end,
                &format!(", {capacity}"),
            ),
        }
        editor.edits
    }

    /// The number of values sent, where it is another one than the room there is, and the latter not worked out by the code.
    fn better_total(&self, bench: &Bench<'a>) -> Option<Total> {
        let is_literal =
            |id: ExprId| matches!(self.tree.ast.expr(id), Expr::Literal(LiteralKind::Int, _));
        if !self.capacity.is_none_or(is_literal) {
            return None;
        }
        let room = self
            .capacity
            .map_or_else(|| "0".to_owned(), |c| self.tree.expr_text(c));
        self.total(bench).filter(|total| total.text != room)
    }

    /// The channel as its maker names it.
    fn name(&self) -> String {
        if let Some(holder) = &self.holder {
            return format!("`{}`", holder.name);
        }
        let target = self.tree.statement(Part::Expr(self.make)).and_then(|stmt| {
            match self.tree.ast.stmt(stmt) {
                Stmt::Assign(left, _, right) if left.len() == right.len() => {
                    let nth = right.iter().position(|r| *r == self.make)?;
                    Some(self.tree.expr_text(left[nth]))
                }
                _ => None,
            }
        });
        target.map_or_else(|| "the channel".to_owned(), |t| format!("`{t}`"))
    }
}
