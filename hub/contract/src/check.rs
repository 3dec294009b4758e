//! Types that stand for the methods of a hub, so that the compiler compares a hub with its contract.

use std::marker::PhantomData;

/// A type that is `T`.
#[diagnostic::on_unimplemented(
    message = "the hub's method is `{Self}` where its contract has `{T}`",
    label = "not the method of the contract"
)]
pub trait Is<T: ?Sized> {}

impl<T: ?Sized> Is<T> for T {}

/// The return type of a streaming method.
#[derive(Debug)]
pub struct Streams<T>(PhantomData<T>);

/// A parameter that is a stream.
#[derive(Debug)]
pub struct Uploads<T>(PhantomData<T>);
