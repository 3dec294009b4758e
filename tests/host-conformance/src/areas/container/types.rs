//! The services of the vocabulary.

use std::collections::HashMap;
use std::marker::PhantomData;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use campanile_host::services::{AsyncDispose, Dispose, ServiceScopeFactory};
use campanile_host::{BoxError, Inject, ServiceProvider};

use super::place::Place;
use super::trace;

/// Written as an instance with what it was constructed with.
pub(super) trait Shown {
    fn show(&self) -> String;
}

/// The name of an instance, made and written when it is constructed.
pub(super) struct Born<T> {
    pub(super) name: String,
    of: PhantomData<fn() -> T>,
}

impl<T> Default for Born<T> {
    fn default() -> Self {
        static CONSTRUCTED: Mutex<Option<HashMap<String, usize>>> = Mutex::new(None);
        let of = trace::short::<T>();
        let mut constructed = CONSTRUCTED.lock().unwrap_or_else(PoisonError::into_inner);
        let number = constructed
            .get_or_insert_default()
            .entry(of.clone())
            .or_default();
        *number += 1;
        let name = format!("{of}#{number}");
        trace::write(format!("new {name}"));
        Self {
            name,
            of: PhantomData,
        }
    }
}

macro_rules! services {
    ($($name:ident($($part:ident: $type:ty),*) $(#[$attribute:meta])*;)*) => {$(
        #[derive(Inject)]
        $(#[$attribute])*
        pub(super) struct $name {
            $(pub(super) $part: $type,)*
            #[inject(default)]
            pub(super) born: Born<Self>,
        }

        impl Shown for $name {
            fn show(&self) -> String {
                let parts: &[String] = &[$(self.$part.show()),*];
                with_parts(&self.born.name, parts)
            }
        }
    )*};
}

fn with_parts(name: &str, parts: &[String]) -> String {
    if parts.is_empty() {
        return name.into();
    }
    let parts: Vec<_> = parts.iter().filter(|it| !it.is_empty()).cloned().collect();
    format!("{name}({})", parts.join(", "))
}

services! {
    A();
    B(a: Arc<A>);
    C(b: Arc<B>);
    D(b: Arc<B>, a: Arc<A>);
    Maybe(b: Option<Arc<B>>);
    English();
    French();
    German();
    Formal(a: Arc<A>);
    Crowd(all: Vec<Arc<dyn IGreeter>>);
    Choir(all: Vec<Arc<dyn IGreeter>>);
    Left(right: Arc<Right>);
    Right(left: Arc<Left>);
    Selfish(selfish: Arc<Selfish>);
    Robot() #[inject(dispose)];
    X() #[inject(dispose)];
    Y(x: Arc<X>) #[inject(dispose)];
    Later() #[inject(dispose_async)];
    Either() #[inject(dispose, dispose_async)];
    Slow() #[inject(dispose_async)];
    Faulty() #[inject(dispose)];
}

impl<T: Shown + ?Sized> Shown for Arc<T> {
    fn show(&self) -> String {
        (**self).show()
    }
}

impl<T: Shown + ?Sized> Shown for Option<Arc<T>> {
    fn show(&self) -> String {
        self.as_ref().map_or_else(|| "none".into(), Shown::show)
    }
}

impl<T: Shown + ?Sized> Shown for Vec<Arc<T>> {
    fn show(&self) -> String {
        let parts: Vec<_> = self.iter().map(Shown::show).collect();
        parts.join(", ")
    }
}

pub(super) trait IGreeter: Shown + Send + Sync {
    /// What is to be done when one is let go whose type is not known.
    fn let_go(&self) -> Result<(), BoxError> {
        Ok(())
    }
}

macro_rules! greeters {
    ($($name:ident)*) => {$( impl IGreeter for $name {} )*};
}

greeters!(English French German Formal Crowd Loud);

impl IGreeter for Robot {
    fn let_go(&self) -> Result<(), BoxError> {
        self.dispose()
    }
}

#[derive(Inject)]
pub(super) struct Loud {
    #[inject(key = "inner")]
    inner: Arc<dyn IGreeter>,
    #[inject(default)]
    born: Born<Self>,
}

impl Shown for Loud {
    fn show(&self) -> String {
        with_parts(&self.born.name, &[self.inner.show()])
    }
}

#[derive(Inject)]
pub(super) struct Parcel {
    a: Arc<A>,
    #[inject(argument)]
    text: String,
    #[inject(default)]
    born: Born<Self>,
}

impl Parcel {
    pub(super) fn new(a: Arc<A>, text: String) -> Self {
        Self {
            a,
            text,
            born: Born::default(),
        }
    }
}

impl Shown for Parcel {
    fn show(&self) -> String {
        with_parts(&self.born.name, &[self.a.show(), self.text.clone()])
    }
}

#[derive(Inject)]
pub(super) struct Labelled {
    #[inject(service_key)]
    key: String,
    #[inject(default)]
    born: Born<Self>,
}

impl Shown for Labelled {
    fn show(&self) -> String {
        format!("{}[{}]", self.born.name, self.key)
    }
}

#[derive(Inject)]
pub(super) struct Shelf {
    #[inject(key = "red")]
    red: Arc<Labelled>,
    #[inject(key = "blue")]
    blue: Arc<Labelled>,
    #[inject(default)]
    born: Born<Self>,
}

impl Shown for Shelf {
    fn show(&self) -> String {
        with_parts(&self.born.name, &[self.red.show(), self.blue.show()])
    }
}

/// Those that give out what they were constructed with, and are written without it.
macro_rules! giving {
    ($($name:ident($part:ident: $type:ty) $(#[$attribute:meta])*;)*) => {$(
        #[derive(Inject)]
        $(#[$attribute])*
        pub(super) struct $name {
            pub(super) $part: $type,
            #[inject(default)]
            pub(super) born: Born<Self>,
        }

        impl Shown for $name {
            fn show(&self) -> String {
                self.born.name.clone()
            }
        }
    )*};
}

giving! {
    Holder(provider: ServiceProvider);
    Keeper(provider: ServiceProvider);
    Spawner(scopes: ServiceScopeFactory);
    Clinger(provider: ServiceProvider) #[inject(dispose)];
}

macro_rules! disposed {
    ($($name:ident)*) => {$(
        impl Dispose for $name {
            fn dispose(&self) -> Result<(), BoxError> {
                trace::write(format!("dispose {}", self.born.name));
                Ok(())
            }
        }
    )*};
}

disposed!(Robot X Y Either);

macro_rules! disposed_async {
    ($($name:ident)*) => {$(
        impl AsyncDispose for $name {
            async fn dispose_async(&self) -> Result<(), BoxError> {
                tokio::task::yield_now().await;
                trace::write(format!("dispose-async {}", self.born.name));
                Ok(())
            }
        }
    )*};
}

disposed_async!(Later Either);

impl AsyncDispose for Slow {
    async fn dispose_async(&self) -> Result<(), BoxError> {
        trace::write(format!("begin {}", self.born.name));
        tokio::time::sleep(Duration::from_millis(20)).await;
        trace::write(format!("end {}", self.born.name));
        Ok(())
    }
}

impl Dispose for Faulty {
    fn dispose(&self) -> Result<(), BoxError> {
        trace::write(format!("dispose {}", self.born.name));
        Err(self.born.name.clone().into())
    }
}

impl Dispose for Clinger {
    fn dispose(&self) -> Result<(), BoxError> {
        trace::write(format!("dispose {}", self.born.name));
        Place::of(&self.born.name, &self.provider).ask::<A>();
        Ok(())
    }
}
