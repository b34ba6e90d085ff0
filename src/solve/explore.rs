//! The search for runs that end with a goroutine stuck for ever.
//!
//! In the order of [`super::frontier`]. The fast form moves, at each state, only a set of
//! processes whose pending operations nobody outside the set can ever interfere with (stubborn sets, Valmari 1989), and
//! everybody where that would close a cycle. The reference form moves everybody everywhere.

use super::compact::Survey;
use super::encode::{Identity, Numbers};
use super::frontier::Frontier;
use super::machine::Machine;
use super::prospects::Prospects;
use super::reads::Reads;
use super::state::State;
use super::stuck::Wants;
use super::transition::Move;
use crate::flow::ir::{BodyId, Pc};
use crate::summary::{
    ANY, AWAIT, CALL, CLOSE, DONE, LOCK, RECV, RESET, SEND, SIGNAL, STOP, UNLOCK,
};
use rustc_hash::FxHashMap;

/// How to search.
#[derive(Clone, Copy, Debug)]
pub struct Search {
    /// States to visit at most, where they are small; see [`cost`].
    pub budget: u32,
    /// Whether to explore every interleaving.
    pub reference: bool,
}

/// A state in which a process has become stuck.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// The run: choices from the start.
    pub choices: Vec<u16>,
    /// Number of the stuck process.
    pub proc: u32,
    /// The operation it sits at.
    pub site: (BodyId, Pc),
    /// Numbers of all processes stuck in that state.
    pub doomed: Vec<u32>,
}

/// What a search found.
#[derive(Debug, Default)]
pub struct Found {
    /// Stuck processes, in the order in which they were met.
    pub candidates: Vec<Candidate>,
    /// States visited.
    pub states: u32,
    /// Whether the search was given up.
    pub gave_up: bool,
    /// Steps that panic: a send on a closed channel, a close of a closed or nil one.
    pub panics: u32,
}

/// States from which on it pays to know what the code ahead reads.
const LARGE: u32 = 100;

/// Runs kept per stuck operation, the shortest: enough to show several ways of being stranded.
const PER_SITE: usize = 6;

/// Objects and symbols above which a state is worth tidying.
const TIDY_ABOVE: usize = 96;

/// Objects a system may hold; more is a program, not a fragment that can be judged.
const HEAP_LIMIT: usize = 96;

struct Node {
    parent: u32,
    choice: u16,
    /// How many choices lead here.
    depth: u32,
    /// Where the search went from here; states met before included.
    next: Vec<u32>,
    /// Whether a continuation ends the program.
    dies: bool,
    /// Whether all continuations have been followed.
    done: bool,
}

impl Node {
    fn new(parent: u32, choice: usize, depth: u32) -> Self {
        Self {
            parent,
            choice: choice as u16,
            depth,
            next: Vec::new(),
            dies: false,
            done: false,
        }
    }
}

impl Machine<'_> {
    /// Searches the runs of `root`.
    pub fn explore(&self, root: BodyId, search: Search) -> Found {
        let mut explorer = Explorer {
            machine: self,
            search,
            nodes: vec![Node::new(u32::MAX, 0, 0)],
            seen: FxHashMap::default(),
            numbers: Numbers::default(),
            root,
            reads: None,
            survey: Survey::default(),
            queue: Frontier::default(),
            found: Found::default(),
            spent: 0,
            at: Vec::new(),
        };
        explorer.queue.push(self.start(root), 0, 0);
        explorer.run();
        explorer.drop_the_dying();
        explorer.found
    }

    /// Repeats a run: the state it ends in.
    pub(super) fn replay(&self, mut state: State, choices: &[u16]) -> Option<State> {
        for choice in choices {
            let choice = usize::from(*choice);
            state = if state.todo.is_empty() {
                let step = self.moves(&state).into_iter().nth(choice)?;
                self.after(state, step)?
            } else {
                self.advance(state).into_iter().nth(choice)?
            };
        }
        Some(state)
    }
}

struct Explorer<'m, 'p> {
    /// The node of each candidate.
    at: Vec<u32>,
    machine: &'m Machine<'p>,
    search: Search,
    nodes: Vec<Node>,
    seen: FxHashMap<Identity, u32>,
    numbers: Numbers,
    root: BodyId,
    /// What the code reads, once the search is large.
    reads: Option<Reads>,
    survey: Survey,
    queue: Frontier,
    found: Found,
    spent: u32,
}

/// What a state takes from the budget: large ones cost more time, in about this measure.
fn cost(state: &State, objects: usize) -> u32 {
    const SMALL: usize = 40;
    let goroutines = state.procs.iter().filter(|p| !p.ended()).count();
    1 + ((objects + 4 * goroutines) / SMALL) as u32
}

impl Explorer<'_, '_> {
    fn run(&mut self) {
        while let Some((mut state, node)) = self.queue.pop() {
            self.found.states += 1;
            if self.found.states == LARGE && self.machine.answers.is_none() {
                self.reads = Some(Reads::of(self.machine, self.root));
            }
            if self.machine.stop.stopped() {
                self.found.gave_up = true;
                return;
            }
            let mut objects = state.heap.len();
            // Where even the garbage costs nothing there is no need to look for it.
            if cost(&state, objects) > 1 || objects + state.syms.len() > TIDY_ABOVE {
                objects = state.tidy(&mut self.survey);
            }
            self.spent += cost(&state, objects);
            if self.spent > self.search.budget {
                self.machine.abstain("state-budget");
                self.found.gave_up = true;
                return;
            }
            if state.todo.is_empty() {
                self.expand(state, node);
            } else {
                let next = self.machine.advance(state);
                self.nodes[node as usize].dies |= next.is_empty();
                for (choice, state) in next.into_iter().enumerate() {
                    self.push(state, node, choice);
                }
            }
            self.nodes[node as usize].done = true;
        }
    }

    /// Queues a state unless it has been met before.
    fn push(&mut self, mut state: State, parent: u32, choice: usize) -> bool {
        if state.heap.len() > HEAP_LIMIT {
            let live = state.tidy(&mut self.survey);
            if live > HEAP_LIMIT {
                self.machine.abstain("large-system");
                return false;
            }
        }
        let next = self.nodes.len() as u32;
        let ahead = self
            .reads
            .as_mut()
            .and_then(|reads| reads.ahead(self.machine, &state));
        let identity = self
            .machine
            .identity(&state, &mut self.numbers, ahead.as_ref());
        let known = *self.seen.entry(identity).or_insert(next);
        self.nodes[parent as usize].next.push(known);
        if known != next {
            return false;
        }
        let depth = self.grow(parent, choice);
        self.queue.push(state, next, depth);
        true
    }

    /// Adds a node behind `parent`; how deep it is.
    fn grow(&mut self, parent: u32, choice: usize) -> u32 {
        let depth = self.nodes[parent as usize].depth + 1;
        self.nodes.push(Node::new(parent, choice, depth));
        depth
    }

    fn expand(&mut self, mut state: State, node: u32) {
        let moves = self.machine.moves(&state);
        let is_fork = moves.iter().any(Move::is_fork);
        let prospects = Prospects::new(self.machine, &state);
        let leaked = if is_fork {
            Vec::new()
        } else {
            self.judge(&prospects, &moves, node)
        };
        let chosen = if is_fork || self.search.reference {
            vec![true; state.procs.len()]
        } else {
            self.stubborn(&prospects, &moves)
        };
        state.leaked.extend(leaked);
        let mut rest = Vec::new();
        let mut fresh = 0;
        for (choice, step) in moves.into_iter().enumerate() {
            if self.machine.ends_program(&state, &step) {
                self.found.panics += 1;
                self.nodes[node as usize].dies = true;
            } else if step.procs().all(|p| chosen[p]) {
                let next = self.machine.perform(state.clone(), step);
                fresh += u32::from(self.enter(next, node, choice));
            } else {
                rest.push((choice, step));
            }
        }
        if fresh == 0 {
            for (choice, step) in rest {
                let next = self.machine.perform(state.clone(), step);
                self.enter(next, node, choice);
            }
        }
    }

    /// Runs the processes that just moved before the state is compared with others.
    fn enter(&mut self, state: State, parent: u32, choice: usize) -> bool {
        if state.todo.is_empty() {
            return self.push(state, parent, choice);
        }
        let node = self.nodes.len() as u32;
        self.grow(parent, choice);
        self.nodes[parent as usize].next.push(node);
        let mut fresh = false;
        let next = self.machine.advance(state);
        self.nodes[node as usize].dies = next.is_empty();
        self.nodes[node as usize].done = true;
        for (choice, state) in next.into_iter().enumerate() {
            fresh |= self.push(state, node, choice);
        }
        fresh
    }

    /// Keeps the processes that are stuck from here on; returns the numbers of those that were not before.
    fn judge(&mut self, prospects: &Prospects<'_, '_>, moves: &[Move], node: u32) -> Vec<u32> {
        let state = prospects.state;
        let mut enabled = vec![false; state.procs.len()];
        for step in moves {
            step.procs().for_each(|p| enabled[p] = true);
        }
        let stuck = self.machine.stuck(prospects, &enabled);
        let doomed: Vec<u32> = stuck.iter().map(|p| state.procs[*p].id).collect();
        let mut leaked = Vec::new();
        for proc in stuck {
            let process = &state.procs[proc];
            if state.leaked.contains(&process.id) {
                continue;
            }
            let Some(site) = process.site() else { continue };
            let id = process.id;
            leaked.push(id);
            self.keep(node, id, site, &doomed);
        }
        leaked
    }

    /// Keeps a run that ends with a process stuck, unless enough shorter ones are known that end there.
    fn keep(&mut self, node: u32, proc: u32, site: (BodyId, Pc), doomed: &[u32]) {
        let length = |of: u32| self.nodes[of as usize].depth;
        let same: Vec<usize> = (0..self.at.len())
            .filter(|known| self.found.candidates[*known].site == site)
            .collect();
        let full = same.len() >= PER_SITE;
        let longest = same
            .into_iter()
            .max_by_key(|known| length(self.at[*known]))
            .filter(|_| full);
        if longest.is_some_and(|known| length(self.at[known]) <= length(node)) {
            return;
        }
        let candidate = Candidate {
            choices: self.choices(node),
            proc,
            site,
            doomed: doomed.to_vec(),
        };
        if let Some(known) = longest {
            self.at[known] = node;
            self.found.candidates[known] = candidate;
        } else {
            self.at.push(node);
            self.found.candidates.push(candidate);
        }
    }

    /// Where every continuation ends the program, nobody is stuck for ever.
    fn drop_the_dying(&mut self) {
        let mut dying = vec![false; self.nodes.len()];
        loop {
            let mut changed = false;
            // Successors mostly come later.
            for (index, node) in self.nodes.iter().enumerate().rev() {
                let ends = node.done && (node.dies || !node.next.is_empty());
                if !dying[index] && ends && node.next.iter().all(|n| dying[*n as usize]) {
                    dying[index] = true;
                    changed = true;
                }
            }
            if !changed {
                break;
            }
        }
        let at = std::mem::take(&mut self.at);
        let mut nodes = at.into_iter();
        self.found
            .candidates
            .retain(|_| nodes.next().is_none_or(|n| !dying[n as usize]));
    }

    fn choices(&self, mut node: u32) -> Vec<u16> {
        let mut choices = Vec::new();
        while let Some(Node { parent, choice, .. }) = self.nodes.get(node as usize)
            && *parent != u32::MAX
        {
            choices.push(*choice);
            node = *parent;
        }
        choices.reverse();
        choices
    }

    /// The smallest set of processes, one of which can move, whose pending operations nobody else can interfere with.
    fn stubborn(&self, prospects: &Prospects<'_, '_>, moves: &[Move]) -> Vec<bool> {
        let state = prospects.state;
        let count = state.procs.len();
        let everybody = vec![true; count];
        let alive: Vec<usize> = (0..count).filter(|p| !state.procs[*p].ended()).collect();
        if alive.len() < 2 || moves.len() < 2 {
            return everybody;
        }
        let mut wants: Vec<Wants> = vec![Wants::new(); count];
        for &p in &alive {
            wants[p] = self.pending(state, p);
        }
        let mut best = everybody;
        let mut best_size = alive.len();
        let mut tried = vec![false; count];
        for seed in moves.iter().filter_map(|step| step.procs().next()) {
            if std::mem::replace(&mut tried[seed], true) {
                continue;
            }
            let mut set = vec![false; count];
            set[seed] = true;
            let mut todo = vec![seed];
            let mut size = 1;
            while let Some(p) = todo.pop() {
                for &q in &alive {
                    if !set[q] && prospects.can_help(q, &wants[p]) {
                        set[q] = true;
                        size += 1;
                        todo.push(q);
                    }
                }
            }
            if size < best_size {
                best_size = size;
                best = set;
            }
        }
        best
    }

    /// Every act on what the pending operation of a process is about.
    fn pending(&self, state: &State, proc: usize) -> Wants {
        const ALL: u16 =
            SEND | RECV | CLOSE | DONE | CALL | STOP | RESET | LOCK | UNLOCK | SIGNAL | AWAIT | ANY;
        let Some((act, _)) = &state.procs[proc].park else {
            return Wants::new();
        };
        let mut ids: Vec<_> = Machine::waits_for(act)
            .into_iter()
            .filter_map(|v| state.object(v))
            .collect();
        if let super::state::Act::Cancel(context) = act {
            ids.push(*context);
        }
        if let super::state::Act::Cancel(context) = act {
            // Its descendants end with it.
            for id in 0..state.heap.len() as u32 {
                let mut next = Some(id);
                while let Some(at) = next {
                    if at == *context {
                        ids.push(id);
                        break;
                    }
                    next = match &state.heap[at as usize] {
                        super::state::Obj::Context(_, parent, ..) => state.object(parent),
                        _ => None,
                    };
                }
            }
        }
        // A context also ends with its ancestors.
        let mut at = 0;
        while at < ids.len() {
            if let super::state::Obj::Context(_, parent, ..) = &state.heap[ids[at] as usize]
                && let Some(parent) = state.object(parent)
                && !ids.contains(&parent)
            {
                ids.push(parent);
            }
            at += 1;
        }
        ids.into_iter().map(|id| (id, ALL)).collect()
    }
}
