//! The bindings of a machine as data: the C types, and the fields of `pt_regs`.
//!
//! rustc has checked the numbers, because the bindings assert them.

use std::{collections::HashMap, mem};

use syn::{Expr, Item, Lit, Stmt, Type};

/// One machine's bindings.
#[derive(Debug, Clone)]
pub struct Bindings {
    pub types: Vec<CType>,
    /// Bytes of `pt_regs`.
    pub size: usize,
    /// The integers and arrays of integers, in the order of the struct.
    pub fields: Vec<Field>,
}

/// The alias of a C type.
#[derive(Debug, Clone)]
pub struct CType {
    pub name: String,
    pub layout: Layout,
    pub signed: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    pub size: usize,
    pub align: usize,
}

impl Layout {
    pub fn of<T>() -> Self {
        Self {
            size: mem::size_of::<T>(),
            align: mem::align_of::<T>(),
        }
    }
}

#[derive(Debug, Clone)]
pub struct Field {
    /// As C writes it: `gprs`, or `psw.addr`.
    pub name: String,
    pub offset: usize,
    pub size: usize,
    /// The size of one element, if the field is an array.
    pub slot: usize,
}

impl Field {
    pub fn end(&self) -> usize {
        self.offset + self.size
    }
}

impl Bindings {
    /// Reads the text of build/bindings, or of the build script.
    pub fn parse(text: &str) -> Self {
        let file = syn::parse_file(text).expect("bindings are Rust");
        let types = types(&file);
        let structs = Structs::of(&file, &types);
        Self {
            size: structs.sizes["pt_regs"],
            fields: structs.fields("pt_regs"),
            types,
        }
    }
}

fn types(file: &syn::File) -> Vec<CType> {
    let aliases = file.items.iter().filter_map(|item| match item {
        Item::Type(alias) => Some(alias),
        _ => None,
    });
    let types = aliases.map(|alias| {
        let (layout, signed) = primitive(&last(&alias.ty));
        CType {
            name: alias.ident.to_string(),
            layout,
            signed,
        }
    });
    types.collect()
}

/// Rust's own layout of an integer, and whether it is signed.
fn primitive(name: &str) -> (Layout, bool) {
    macro_rules! primitive {
        ($($integer:ident)*) => {
            match name {
                $(stringify!($integer) => (Layout::of::<$integer>(), $integer::MIN != 0),)*
                _ => panic!("`{name}` is no integer"),
            }
        };
    }
    primitive!(i8 u8 i16 u16 i32 u32 i64 u64)
}

/// The structs of a file, and their numbers that rustc has checked.
struct Structs<'a> {
    types: &'a [CType],
    items: HashMap<String, &'a syn::ItemStruct>,
    sizes: HashMap<String, usize>,
    offsets: HashMap<String, usize>,
}

impl<'a> Structs<'a> {
    fn of(file: &'a syn::File, types: &'a [CType]) -> Self {
        let mut structs = Self {
            types,
            items: HashMap::new(),
            sizes: HashMap::new(),
            offsets: HashMap::new(),
        };
        for item in &file.items {
            match item {
                Item::Struct(item) => {
                    structs.items.insert(item.ident.to_string(), item);
                }
                Item::Const(item) => structs.read_assertions(&item.expr),
                _ => {}
            }
        }
        structs
    }

    /// `["Size of psw_t"][size_of::<psw_t>() - 16usize];` does not compile with another number.
    fn read_assertions(&mut self, block: &Expr) {
        let Expr::Block(block) = block else { return };
        for statement in &block.block.stmts {
            let Some((text, number)) = assertion(statement) else {
                continue;
            };
            if let Some(name) = text.strip_prefix("Size of ") {
                self.sizes.insert(name.to_owned(), number);
            } else if let Some(path) = text.strip_prefix("Offset of field: ") {
                self.offsets.insert(path.to_owned(), number);
            }
        }
    }

    fn fields(&self, name: &str) -> Vec<Field> {
        let fields = self.items[name].fields.iter().flat_map(|field| {
            let field_name = field.ident.as_ref().expect("C's fields have names");
            let offset = self.offsets[&format!("{name}::{field_name}")];
            let nested = last(&field.ty);
            if self.items.contains_key(&nested) {
                let inner = self.fields(&nested).into_iter();
                return inner
                    .map(|inner| Field {
                        name: format!("{field_name}.{}", inner.name),
                        offset: offset + inner.offset,
                        ..inner
                    })
                    .collect();
            }
            let (slot, elements) = self.slots(&field.ty);
            vec![Field {
                name: field_name.to_string(),
                offset,
                size: slot * elements,
                slot,
            }]
        });
        fields.collect()
    }

    /// The width of a field's elements, and their number.
    fn slots(&self, ty: &Type) -> (usize, usize) {
        match ty {
            Type::Array(array) => (
                self.slots(&array.elem).0,
                number(&array.len).expect("bindgen writes a number"),
            ),
            _ => {
                let name = last(ty);
                let alias = self.types.iter().find(|alias| alias.name == name);
                (alias.expect("bindgen uses the aliases").layout.size, 1)
            }
        }
    }
}

/// The last name of a path: `c_ulong` of `self::c_ulong`. Empty if the type is not a path.
fn last(ty: &Type) -> String {
    let Type::Path(path) = ty else {
        return String::new();
    };
    let segment = path.path.segments.last();
    segment.map_or(String::new(), |segment| segment.ident.to_string())
}

fn assertion(statement: &Stmt) -> Option<(String, usize)> {
    let Stmt::Expr(Expr::Index(assertion), _) = statement else {
        return None;
    };
    let (Expr::Array(text), Expr::Binary(difference)) = (&*assertion.expr, &*assertion.index)
    else {
        return None;
    };
    let Expr::Lit(text) = text.elems.first()? else {
        return None;
    };
    let Lit::Str(text) = &text.lit else {
        return None;
    };
    Some((text.value(), number(&difference.right)?))
}

fn number(expression: &Expr) -> Option<usize> {
    match expression {
        Expr::Lit(literal) => match &literal.lit {
            Lit::Int(number) => number.base10_parse().ok(),
            _ => None,
        },
        _ => None,
    }
}
