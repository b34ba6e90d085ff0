//! The channel closed when the last value is sent: by its only sender, by a goroutine that waits for all senders, or by a
//! close that no way out skips.

mod sender;
mod skipped;
mod wait;

use super::Draft;
use super::bench::Bench;
use super::text::Editor;
use super::tree::{Func, Tree, Up};
use super::uses::{Use, Uses, holder, uses};
use crate::finding::{Anchors, FixKind};
use crate::source::{FileId, Place, Span};
use crate::syntax::ast::{Expr, ExprId, Stmt, StmtId};
use crate::syntax::parts::Part;

/// The ways to close the channel, the best first.
pub(super) fn close(bench: &Bench<'_>, anchors: &Anchors) -> Vec<Draft> {
    let Some(channel) = Channel::at(bench, anchors) else {
        return Vec::new();
    };
    if channel.sends().next().is_none() && channel.uses.closes.is_empty() {
        // Nobody ever had anything to say on it.
        return Vec::new();
    }
    let of_send = bench.tree(anchors.op.file).is_some_and(|tree| {
        let stmt = tree.stmt_at(anchors.op.span);
        stmt.is_some_and(|s| matches!(tree.ast.stmt(s), Stmt::Send(..)))
    });
    let drafts = match channel.uses.closes.as_slice() {
        // A stuck sender is only helped by a receiver that is not waiting for it.
        [only] if of_send => vec![channel.wait_aside(only)],
        [] if of_send && channel.ranged => vec![channel.behind_wait()],
        _ if of_send => Vec::new(),
        [] => vec![
            channel.in_sender(),
            channel.behind_wait(),
            channel.behind_new_wait(),
            channel.behind_sends(),
            channel.at_return(),
        ],
        [only] => vec![
            channel.before_wait(only),
            channel.deferred(only),
            channel.at_stranding(only, &anchors.strandings),
        ],
        _ => Vec::new(),
    };
    drafts.into_iter().flatten().collect()
}

/// The channel that is stuck at.
struct Channel<'b, 'a> {
    bench: &'b Bench<'a>,
    tree: &'b Tree<'a>,
    name: &'a str,
    /// The statement that makes it.
    made: StmtId,
    /// The function that makes it.
    maker: Func<'a>,
    uses: Uses,
    /// Whether all that ever waits for it is `range`: a closed channel then means nothing but the end.
    ranged: bool,
}

impl<'b, 'a> Channel<'b, 'a> {
    fn at(bench: &'b Bench<'a>, anchors: &Anchors) -> Option<Self> {
        let place: Place = anchors.make()?;
        let tree = bench.tree(place.file)?;
        let make = tree.expr_at(place.span)?;
        tree.builtin(make, "make")?;
        let made = tree.statement(Part::Expr(make))?;
        let binding = holder(tree, make)?;
        let maker = tree.function(Part::Stmt(made))?;
        let uses = uses(bench, tree, &binding);
        Some(Self {
            bench,
            tree,
            name: binding.name,
            made,
            maker,
            ranged: uses.receives.is_empty() && !uses.ranges.is_empty(),
            uses,
        })
    }

    fn draft(&self, title: String, safe: bool, mut editor: Editor<'_>) -> Draft {
        editor.edits.sort_by_key(|edit| edit.at);
        Draft {
            title,
            kind: FixKind::Close,
            safe: safe && !self.uses.incomplete,
            edits: editor.edits,
        }
    }

    /// Everything that is sent, in a `select` or not.
    fn sends(&self) -> impl Iterator<Item = &Use> {
        self.uses.sends.iter().chain(&self.uses.offers)
    }

    fn maker_span(&self) -> Span {
        self.maker.body().map_or_else(Span::default, |b| b.span)
    }

    /// The call that starts the goroutine which a use stands in; `None` for the maker's own.
    fn started(&self, used: &Use) -> Result<Option<(FileId, ExprId)>, Nested> {
        let calls = used
            .path
            .iter()
            .map(|(file, call)| (*file, Part::Expr(*call)));
        let frames = calls.chain([(used.file, Part::Stmt(used.stmt))]);
        let mut found = None;
        for (file, part) in frames {
            let tree = self.bench.tree(file).ok_or(Nested)?;
            for above in tree.chain(part) {
                let around = file == self.tree.id && !self.maker_span().contains(tree.span(above));
                if let Some(call) = start_of(tree, above).filter(|_| !around) {
                    if found.is_some_and(|f| f != (file, call)) {
                        return Err(Nested);
                    }
                    found = Some((file, call));
                }
            }
        }
        Ok(found)
    }

    /// Whether a loop that does not hold the `make` holds `part`.
    fn is_repeated(&self, part: Part) -> bool {
        let around: Vec<Part> = self.tree.chain(Part::Stmt(self.made)).collect();
        self.tree
            .chain(part)
            .take_while(|part| !around.contains(part))
            .any(|part| is_loop(self.tree, part))
    }

    /// Whether the `make` is repeated within its function: a `defer` would pile up.
    fn is_looped(&self) -> bool {
        let body = self.maker_span();
        self.tree
            .chain(Part::Stmt(self.made))
            .any(|part| is_loop(self.tree, part) && body.contains(self.tree.span(part)))
    }

    /// The literal that a call starts: `go func() {…}()` or `wg.Go(func() {…})`.
    fn literal_at(&self, start: ExprId) -> Option<Func<'a>> {
        let (fun, args) = self.tree.call(start)?;
        self.tree
            .literal(Part::Expr(fun))
            .or_else(|| self.tree.literal(Part::Expr(*args.first()?)))
    }

    fn who(&self) -> String {
        match self.maker {
            Func::Decl(decl) => format!("`{}`", decl.name),
            Func::Lit(..) => "the function".to_owned(),
        }
    }
}

/// A goroutine started by a goroutine: nobody's sends are the last.
struct Nested;

fn is_loop(tree: &Tree<'_>, part: Part) -> bool {
    matches!(part, Part::Stmt(s) if matches!(tree.ast.stmt(s), Stmt::For { .. } | Stmt::Range { .. }))
}

/// The call that starts a goroutine with `part`: the call of a `go` statement, or `x.Go(func() {…})` around the literal.
fn start_of(tree: &Tree<'_>, part: Part) -> Option<ExprId> {
    match part {
        Part::Stmt(stmt) => match tree.ast.stmt(stmt) {
            Stmt::Go(call) => Some(*call),
            _ => None,
        },
        Part::Expr(id) => {
            tree.literal(part)?;
            let Up::Expr(call) = tree.up(Part::Expr(id)) else {
                return None;
            };
            let (fun, _) = tree.call(call)?;
            (fun != id && matches!(tree.ast.expr(fun), Expr::Selector(_, name, _) if name == "Go"))
                .then_some(call)
        }
    }
}
