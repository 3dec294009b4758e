use std::any::{Any, TypeId, type_name};
use std::cell::RefCell;
use std::fmt;

/// Arguments that are given by hand to [`ServiceProvider::construct_with`](super::ServiceProvider::construct_with): a
/// tuple of up to eight values. Each goes to the first parameter or field that has exactly its type.
pub trait Arguments {
    /// The values, in order.
    fn into_arguments(self) -> ArgumentList;
}

/// The values of [`Arguments`].
pub struct ArgumentList {
    values: RefCell<Vec<Argument>>,
}

struct Argument {
    type_name: &'static str,
    type_id: TypeId,
    value: Box<dyn Any>,
}

impl ArgumentList {
    /// The value for a parameter of the type `T`, if one was given and is not used yet.
    pub(crate) fn take<T: 'static>(&self) -> Option<T> {
        let mut values = self.values.borrow_mut();
        let index = values
            .iter()
            .position(|it| it.type_id == TypeId::of::<T>())?;
        let value = values.remove(index).value.downcast::<T>();
        value.ok().map(|it| *it)
    }

    /// The first argument for which there is no parameter among these.
    pub(crate) fn unused(&self, parameters: impl Iterator<Item = TypeId>) -> Option<&'static str> {
        let mut parameters: Vec<_> = parameters.collect();
        let values = self.values.borrow();
        let unused = values.iter().find(|argument| {
            match parameters.iter().position(|it| *it == argument.type_id) {
                Some(index) => {
                    parameters.remove(index);
                    false
                }
                None => true,
            }
        });
        unused.map(|it| it.type_name)
    }
}

impl fmt::Debug for ArgumentList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let values = self.values.borrow();
        f.debug_list()
            .entries(values.iter().map(|it| it.type_name))
            .finish()
    }
}

macro_rules! tuples {
    () => { tuples!(@one); };
    ($first:ident $($rest:ident)*) => {
        tuples!(@one $first $($rest)*);
        tuples!($($rest)*);
    };
    (@one $($name:ident)*) => {
        impl<$($name: 'static),*> Arguments for ($($name,)*) {
            #[allow(non_snake_case, reason = "the values are named as their types")]
            fn into_arguments(self) -> ArgumentList {
                let ($($name,)*) = self;
                ArgumentList {
                    values: RefCell::new(vec![$(Argument {
                        type_name: type_name::<$name>(),
                        type_id: TypeId::of::<$name>(),
                        value: Box::new($name),
                    }),*]),
                }
            }
        }
    };
}

tuples!(A B C D E F G H);
