//! Structs that stand for a parameter, and the macro that writes their two conversions.

use super::{CodecError, Param};

/// A struct that is a parameter's typed view.
pub trait Typed: Sized {
    /// The parameter's type.
    const KIND: u16;
    /// The parameter's name in the standard.
    const NAME: &'static str;

    /// Reads a parameter of this type.
    fn from_param(param: &Param) -> Result<Self, CodecError>;

    /// Writes it as a parameter.
    fn to_param(&self) -> Param;
}

/// How often a sub-parameter may stand in its parent: `T` once, `Option<T>` at most once, `Vec<T>`.
pub trait Slot: Sized {
    /// Picks what belongs here out of `params`.
    fn pick(params: &mut Vec<Param>, parent: &'static str) -> Result<Self, CodecError>;
    /// Writes it at the end of `params`.
    fn put(&self, params: &mut Vec<Param>);
}

impl<T: Typed> Slot for T {
    fn pick(params: &mut Vec<Param>, parent: &'static str) -> Result<Self, CodecError> {
        <Option<T> as Slot>::pick(params, parent)?
            .ok_or(CodecError::Missing { parent, missing: T::NAME })
    }
    fn put(&self, params: &mut Vec<Param>) {
        params.push(self.to_param());
    }
}

impl<T: Typed> Slot for Option<T> {
    fn pick(params: &mut Vec<Param>, _parent: &'static str) -> Result<Self, CodecError> {
        let Some(at) = params.iter().position(|p| p.kind == T::KIND) else { return Ok(None) };
        T::from_param(&params.remove(at)).map(Some)
    }
    fn put(&self, params: &mut Vec<Param>) {
        params.extend(self.iter().map(Typed::to_param));
    }
}

impl<T: Typed> Slot for Vec<T> {
    fn pick(params: &mut Vec<Param>, _parent: &'static str) -> Result<Self, CodecError> {
        params.extract_if(.., |p| p.kind == T::KIND).map(|p| T::from_param(&p)).collect()
    }
    fn put(&self, params: &mut Vec<Param>) {
        params.extend(self.iter().map(Typed::to_param));
    }
}

/// Declares structs with fields in wire order, then sub-parameters in the standard's order. What is
/// not declared (a vendor's parameters, later versions') is kept in `others`.
macro_rules! parameters {
    ($(
        $(#[$doc:meta])*
        $name:ident = $kind:literal $wire:literal {
            $($(#[$fdoc:meta])* $field:ident : $ftype:ty,)*
        } $({
            $($(#[$sdoc:meta])* $sub:ident : $stype:ty,)*
        })?
    )*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Default)]
        pub struct $name {
            $($(#[$fdoc])* pub $field: $ftype,)*
            $($($(#[$sdoc])* pub $sub: $stype,)*)?
            /// Sub-parameters that have no field here, in their order.
            pub others: Vec<$crate::codec::Param>,
        }

        impl $crate::codec::Typed for $name {
            const KIND: u16 = $kind;
            const NAME: &'static str = $wire;

            fn from_param(
                param: &$crate::codec::Param,
            ) -> Result<Self, $crate::codec::CodecError> {
                if param.kind != $kind {
                    let found = param.kind;
                    return Err($crate::codec::CodecError::Unexpected { expected: $wire, found });
                }
                #[allow(unused_mut)] // a parameter without fields reads nothing
                let mut cursor = $crate::codec::Cursor::new($wire, &param.fields);
                $(let $field = cursor.get()?;)*
                let _ = cursor;
                #[allow(unused_mut)] // a parameter without typed sub-parameters takes nothing
                let mut others = param.params.clone();
                $($(let $sub = $crate::codec::typed::Slot::pick(&mut others, $wire)?;)*)?
                Ok(Self { $($field,)* $($($sub,)*)? others })
            }

            fn to_param(&self) -> $crate::codec::Param {
                #[allow(unused_mut)] // a parameter without fields writes nothing
                let mut fields = Vec::new();
                $($crate::codec::cursor::Field::write(&self.$field, &mut fields);)*
                #[allow(unused_mut)] // a parameter without sub-parameters writes nothing
                let mut params = Vec::new();
                $($($crate::codec::typed::Slot::put(&self.$sub, &mut params);)*)?
                params.extend_from_slice(&self.others);
                $crate::codec::Param { kind: $kind, fields, params }
            }
        }
    )*};
}

pub(super) use parameters;
