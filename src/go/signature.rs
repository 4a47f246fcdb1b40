//! A Go signature as a Rust type.

use super::{
    convention::GoShape,
    types::{Before, GoType, InCtx, OfTheMachine, list},
};
use crate::signature::Address;

/// A Go signature: `fn(…) -> …`, in the types that stand for Go's types.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the type of a Go function",
    label = "a signature is written `fn(GoInt, GoString) -> (GoInt, GoError)`, with up to 12 parameters",
    note = "a receiver is the first parameter; a parameter cannot be a reference, because the type would then be for any lifetime: write `Ptr<T>`"
)]
pub trait GoSignature {
    /// The parameters, as a list: `(A, (B, ()))`.
    #[doc(hidden)]
    type Parameters;

    /// The results: `()`, a type, or a tuple of several types.
    type Results;
}

/// All parameters or all results of a signature, as a list.
#[doc(hidden)]
pub trait GoValues<Address> {
    /// One value of each type, as a tuple.
    type Values;

    const SHAPES: &'static [GoShape];

    /// Calls `visit` for each component of each value, with the index of the value and the arguments of
    /// [`GoType::components`].
    fn components(values: Self::Values, visit: &mut dyn FnMut(usize, Before, u8, u64));
}

/// Of a list: it has a value `N`.
#[diagnostic::on_unimplemented(
    message = "this function of Go's has no such parameter or result",
    label = "the signature has fewer: they are counted from 0"
)]
#[doc(hidden)]
pub trait GoNth<const N: usize, Address> {
    type Type: GoType<Address>;
}

#[diagnostic::do_not_recommend]
impl<A, Head: GoType<A>, Tail> GoNth<0, A> for (Head, Tail) {
    type Type = Head;
}

macro_rules! nth {
    ($($n:literal is behind $before:literal;)*) => { $(
        #[diagnostic::do_not_recommend]
        impl<A, Head, Tail: GoNth<$before, A>> GoNth<$n, A> for (Head, Tail) {
            type Type = Tail::Type;
        }
    )* };
}

nth! {
    1 is behind 0;
    2 is behind 1;
    3 is behind 2;
    4 is behind 3;
    5 is behind 4;
    6 is behind 5;
    7 is behind 6;
    8 is behind 7;
    9 is behind 8;
    10 is behind 9;
    11 is behind 10;
}

macro_rules! signatures {
    ($([$($value:ident)*])*) => { $(
        impl<$($value,)* Returned> GoSignature for fn($($value),*) -> Returned {
            type Parameters = list!($($value)*);
            type Results = Returned;
        }

        impl<$($value,)* Addr: Address> GoValues<Addr> for list!($($value)*)
        where
            $($value: GoType<Addr, Kind: InCtx<$value> + OfTheMachine<$value>>,)*
        {
            type Values = ($($value::Value,)*);
            const SHAPES: &'static [GoShape] = &[$($value::SHAPE),*];

            #[allow(non_snake_case, unused_variables)]
            fn components(
                ($($value,)*): Self::Values,
                visit: &mut dyn FnMut(usize, Before, u8, u64),
            ) {
                let n = 0;
                $(
                    $value::components($value, Before::default(), &mut |before, size, bits| {
                        visit(n, before, size, bits)
                    });
                    let n = n + 1;
                )*
            }
        }
    )* };
}

signatures! {
    []
    [B]
    [B C]
    [B C D]
    [B C D E]
    [B C D E F]
    [B C D E F G]
    [B C D E F G H]
    [B C D E F G H I]
    [B C D E F G H I J]
    [B C D E F G H I J K]
    [B C D E F G H I J K L]
    [B C D E F G H I J K L M]
}
