use std::fmt;

use serde::Serialize;

use crate::custom::Serializable;
use crate::{WriteError, json, messagepack};

/// The arguments of an invocation that is to be written.
///
/// Implemented for tuples of up to sixteen serializable values, for slices and vectors of them, and for references to those.
/// An argument list is not simply a `Serialize`, since a protocol has to frame it: MessagePack wants the number first.
///
/// ```
/// use campanile_hub_protocol::HubProtocol;
///
/// let mut out = Vec::new();
/// HubProtocol::Json.write_invocation(&mut out, "Receive", &("ann", 42))?;
/// assert_eq!(out, b"{\"type\":1,\"target\":\"Receive\",\"arguments\":[\"ann\",42]}\x1e");
/// # Ok::<(), campanile_hub_protocol::WriteError>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a list of arguments",
    note = "arguments are a tuple of serializable values: `()`, `(one,)`, `(one, two)`, ...; a slice or a `Vec` of them will do as well"
)]
pub trait Arguments {
    /// How many there are.
    fn count(&self) -> usize;

    /// Writes them one after the other, as many as [`count`](Self::count) says.
    ///
    /// # Errors
    ///
    /// Where a value cannot be serialized.
    fn write(&self, sink: &mut ArgumentSink<'_>) -> Result<(), WriteError>;
}

/// Where [`Arguments`] write themselves to.
pub struct ArgumentSink<'a> {
    kind: Kind<'a>,
    written: usize,
}

enum Kind<'a> {
    Json(&'a mut Vec<u8>),
    MessagePack(&'a mut Vec<u8>),
    Custom(&'a mut dyn FnMut(Serializable<'_>) -> Result<(), WriteError>),
}

impl<'a> ArgumentSink<'a> {
    pub(crate) fn json(out: &'a mut Vec<u8>) -> Self {
        Self {
            kind: Kind::Json(out),
            written: 0,
        }
    }

    pub(crate) fn messagepack(out: &'a mut Vec<u8>) -> Self {
        Self {
            kind: Kind::MessagePack(out),
            written: 0,
        }
    }

    pub(crate) fn custom(
        write: &'a mut dyn FnMut(Serializable<'_>) -> Result<(), WriteError>,
    ) -> Self {
        Self {
            kind: Kind::Custom(write),
            written: 0,
        }
    }

    /// Writes the next argument.
    ///
    /// # Errors
    ///
    /// Where the value cannot be serialized. The sink is of no further use after it.
    pub fn write<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), WriteError> {
        match &mut self.kind {
            Kind::Json(out) => {
                if self.written > 0 {
                    out.push(b',');
                }
                json::write_value(out, value)?;
            }
            Kind::MessagePack(out) => messagepack::write_value(out, value)?,
            Kind::Custom(write) => write(Serializable::new(&value))?,
        }
        self.written += 1;
        Ok(())
    }

    /// Writes all of them, and checks that they keep their word about their number: a MessagePack array with another number
    /// of items than it announces would make garbage of whatever follows it.
    pub(crate) fn write_all<A: Arguments + ?Sized>(
        mut self,
        arguments: &A,
    ) -> Result<(), WriteError> {
        arguments.write(&mut self)?;
        let announced = arguments.count();
        if self.written == announced {
            Ok(())
        } else {
            Err(WriteError::ArgumentCount {
                announced,
                written: self.written,
            })
        }
    }
}

impl fmt::Debug for ArgumentSink<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ArgumentSink")
            .field("written", &self.written)
            .finish_non_exhaustive()
    }
}

impl<A: Arguments + ?Sized> Arguments for &A {
    fn count(&self) -> usize {
        (**self).count()
    }

    fn write(&self, sink: &mut ArgumentSink<'_>) -> Result<(), WriteError> {
        (**self).write(sink)
    }
}

impl<T: Serialize> Arguments for [T] {
    fn count(&self) -> usize {
        self.len()
    }

    fn write(&self, sink: &mut ArgumentSink<'_>) -> Result<(), WriteError> {
        self.iter().try_for_each(|it| sink.write(it))
    }
}

impl<T: Serialize> Arguments for Vec<T> {
    fn count(&self) -> usize {
        self.len()
    }

    fn write(&self, sink: &mut ArgumentSink<'_>) -> Result<(), WriteError> {
        self.as_slice().write(sink)
    }
}

impl Arguments for () {
    fn count(&self) -> usize {
        0
    }

    fn write(&self, _: &mut ArgumentSink<'_>) -> Result<(), WriteError> {
        Ok(())
    }
}

macro_rules! arguments_for_tuples {
    ($($count:literal ($($name:ident $index:tt),+);)+) => {
        $(impl<$($name: Serialize),+> Arguments for ($($name,)+) {
            fn count(&self) -> usize {
                $count
            }

            fn write(&self, sink: &mut ArgumentSink<'_>) -> Result<(), WriteError> {
                $(sink.write(&self.$index)?;)+
                Ok(())
            }
        })+
    };
}

arguments_for_tuples! {
    1 (A 0);
    2 (A 0, B 1);
    3 (A 0, B 1, C 2);
    4 (A 0, B 1, C 2, D 3);
    5 (A 0, B 1, C 2, D 3, E 4);
    6 (A 0, B 1, C 2, D 3, E 4, F 5);
    7 (A 0, B 1, C 2, D 3, E 4, F 5, G 6);
    8 (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7);
    9 (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8);
    10 (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9);
    11 (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10);
    12 (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11);
    13 (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11, M 12);
    14 (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11, M 12, N 13);
    15 (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11, M 12, N 13, O 14);
    16 (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11, M 12, N 13, O 14, P 15);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::HubProtocol;

    fn json(arguments: &dyn Arguments) -> String {
        let mut out = Vec::new();
        ArgumentSink::json(&mut out).write_all(arguments).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn tuples_slices_and_vectors() {
        assert_eq!(json(&()), "");
        assert_eq!(json(&(1,)), "1");
        assert_eq!(json(&("a", None::<i32>, vec![true])), r#""a",null,[true]"#);
        assert_eq!(json(&vec![1, 2]), "1,2");
        assert_eq!(json(&[1, 2].as_slice()), "1,2");
        let sixteen = (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
        assert_eq!(
            (sixteen.count(), json(&sixteen)),
            (16, "0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15".to_owned())
        );
    }

    #[test]
    fn the_number_is_checked() {
        struct Liar;

        impl Arguments for Liar {
            fn count(&self) -> usize {
                2
            }

            fn write(&self, sink: &mut ArgumentSink<'_>) -> Result<(), WriteError> {
                sink.write(&1)
            }
        }

        for protocol in HubProtocol::BUILT_IN {
            let mut out = b"before".to_vec();
            let error = protocol.write_invocation(&mut out, "M", &Liar).unwrap_err();
            assert_eq!(
                error.to_string(),
                "1 argument(s) were written where 2 had been announced"
            );
            assert_eq!(out, b"before");
        }
    }
}
