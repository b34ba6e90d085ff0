//! What states have in common, copied when it is written: most of a state is as it was one step before.

use std::ops::{Deref, DerefMut, Index, IndexMut};
use std::rc::Rc;

/// A value that copies share until one of them is written.
#[derive(Debug, Default)]
pub struct Shared<T>(Rc<T>);

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

impl<T> From<T> for Shared<T> {
    fn from(value: T) -> Self {
        Self(Rc::new(value))
    }
}

impl<T> Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: Clone> DerefMut for Shared<T> {
    fn deref_mut(&mut self) -> &mut T {
        Rc::make_mut(&mut self.0)
    }
}

/// A list whose copies share every item that neither has written.
#[derive(Debug)]
pub struct List<T>(Vec<Rc<T>>);

impl<T> List<T> {
    /// Number of items.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The items in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &T> + ExactSizeIterator {
        self.0.iter().map(|item| &**item)
    }

    /// The item at `index`, if there is one.
    pub fn get(&self, index: usize) -> Option<&T> {
        self.0.get(index).map(|item| &**item)
    }

    /// The first item.
    pub fn first(&self) -> Option<&T> {
        self.get(0)
    }

    /// The last item.
    pub fn last(&self) -> Option<&T> {
        self.0.last().map(|item| &**item)
    }

    /// Adds an item at the end.
    pub fn push(&mut self, item: T) {
        self.0.push(Rc::new(item));
    }

    /// Replaces the item at `index`; what was there is not copied first.
    pub fn set(&mut self, index: usize, item: T) {
        self.0[index] = Rc::new(item);
    }

    /// The item at `index`, held together with the list.
    pub fn share(&self, index: usize) -> Rc<T> {
        Rc::clone(&self.0[index])
    }

    /// Adds an item that another list holds as well.
    pub fn push_shared(&mut self, item: Rc<T>) {
        self.0.push(item);
    }
}

impl<T: Clone> List<T> {
    /// The last item, to be changed.
    pub fn last_mut(&mut self) -> Option<&mut T> {
        self.0.last_mut().map(Rc::make_mut)
    }

    /// The items in order, to be changed: none of them is shared afterwards.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.0.iter_mut().map(Rc::make_mut)
    }

    /// Takes the last item away.
    pub fn pop(&mut self) -> Option<T> {
        self.0.pop().map(Rc::unwrap_or_clone)
    }
}

impl<T> Clone for List<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: PartialEq> PartialEq for List<T> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<T: Eq> Eq for List<T> {}

impl<T> FromIterator<T> for List<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        Self(items.into_iter().map(Rc::new).collect())
    }
}

impl<T> Index<usize> for List<T> {
    type Output = T;

    fn index(&self, index: usize) -> &T {
        &self.0[index]
    }
}

impl<T: Clone> IndexMut<usize> for List<T> {
    fn index_mut(&mut self, index: usize) -> &mut T {
        Rc::make_mut(&mut self.0[index])
    }
}
