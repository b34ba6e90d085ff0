//! Which bodies use which, seen from those that are used.
//!
//! In: for each body those that it uses, whatever that means. Out: the other way round, and what spreads along it: each
//! body is looked at once, however long the chains are and in whichever order they stand in the source.

use super::ir::BodyId;

/// For each body those that use it.
pub(crate) struct Users {
    /// Where those of each body begin in `all`.
    starts: Vec<u32>,
    all: Vec<u32>,
}

impl Users {
    /// Turns the uses of `count` bodies round; `uses` tells of those of one body.
    pub(crate) fn of(count: usize, uses: impl Fn(usize, &mut dyn FnMut(BodyId))) -> Self {
        let mut starts = vec![0; count + 1];
        for index in 0..count {
            uses(index, &mut |used| starts[used.0 as usize + 1] += 1);
        }
        for index in 0..count {
            starts[index + 1] += starts[index];
        }
        let mut all = vec![0; starts[count] as usize];
        let mut next = starts.clone();
        for index in 0..count {
            uses(index, &mut |used| {
                let at = &mut next[used.0 as usize];
                all[*at as usize] = index as u32;
                *at += 1;
            });
        }
        Self { starts, all }
    }

    /// Those that use a body.
    pub(crate) fn users(&self, used: usize) -> impl Iterator<Item = usize> + use<'_> {
        let (start, end) = (self.starts[used] as usize, self.starts[used + 1] as usize);
        self.all[start..end].iter().map(|user| *user as usize)
    }

    /// Spreads a property to whoever uses a body that has it.
    pub(crate) fn spread(&self, has: &mut [bool]) {
        let mut queue: Vec<usize> = (0..has.len()).filter(|index| has[*index]).collect();
        while let Some(index) = queue.pop() {
            for user in self.users(index) {
                if !std::mem::replace(&mut has[user], true) {
                    queue.push(user);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_used_far_away_spreads() {
        // 0 uses 1, which uses 2 and 3; 4 uses itself.
        let uses: [&[u32]; 5] = [&[1], &[2, 3], &[], &[], &[4]];
        let users = Users::of(5, |index, f| {
            uses[index].iter().for_each(|used| f(BodyId(*used)));
        });
        assert_eq!(users.users(3).collect::<Vec<_>>(), [1]);
        let mut has = [false, false, false, true, false];
        users.spread(&mut has);
        assert_eq!(has, [true, true, false, true, false]);
    }
}
