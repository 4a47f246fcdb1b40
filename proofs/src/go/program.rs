//! A Go program that calls a function of each signature once, with known values.

use std::fmt::Write;

use probe_abi::machine::Endian;

use super::{Type, Values};

/// A function of Go's.
#[derive(Debug, Clone)]
pub struct Signature {
    pub parameters: Vec<Type>,
    pub results: Vec<Type>,
}

/// The values that a function is called with, and the values that it returns.
#[derive(Debug, Clone)]
pub struct Call {
    pub arguments: Values,
    pub results: Values,
}

/// The function of the program that is a closure.
pub const CLOSURE: &str = "main.closure.func1";

/// The program, and the calls that it makes, in order: function `n` is `main.f<n>`.
pub fn source(signatures: &[Signature], word: usize, endian: Endian) -> (String, Vec<Call>) {
    let mut text = String::from(
        "package main\n\nimport \"unsafe\"\n\n\
         func at(start *uint64, offset uintptr) unsafe.Pointer {\n\
         \treturn unsafe.Pointer(uintptr(unsafe.Pointer(start)) + offset)\n}\n\n\
         var touched int\n\n//go:noinline\nfunc touch() { touched++ }\n\n\
         //go:noinline\nfunc closure(n int) func() int { return func() int { return n } }\n\n",
    );
    let (mut main, mut calls) = (String::new(), Vec::new());
    let (mut next, mut turn) = (0, 0);
    for (n, signature) in signatures.iter().enumerate() {
        let mut values = |types: &[Type], which: char| {
            let values = Values::new(types, word, endian, &mut next);
            let numbers = values.memory.iter().map(|number| format!("{number:#x}"));
            let numbers: Vec<_> = numbers.collect();
            if !numbers.is_empty() {
                let numbers = numbers.join(", ");
                let _ = writeln!(text, "var {which}{n} = [...]uint64{{{numbers}}}");
            }
            let written: Vec<_> = types.iter().map(|of| of.go(word, &mut turn)).collect();
            let reads = written.iter().zip(&values.starts);
            let reads =
                reads.map(|(written, start)| format!("*(*{written})(at(&{which}{n}[0], {start}))"));
            let reads: Vec<_> = reads.collect();
            (values, written, reads.join(", "))
        };
        let (arguments, parameters, passed) = values(&signature.parameters, 'a');
        let (results, returned, returns) = values(&signature.results, 'r');
        let parameters = parameters.iter().enumerate();
        let parameters = parameters.map(|(index, of)| format!("p{index} {of}"));
        let parameters = parameters.collect::<Vec<_>>().join(", ");
        let returned = returned.join(", ");
        // Some functions have a frame, and some do not.
        let touches = if n % 2 == 0 { "\ttouch()\n" } else { "" };
        let _ = writeln!(
            text,
            "//go:noinline\nfunc f{n}({parameters}) ({returned}) {{\n{touches}\treturn {returns}\n}}\n"
        );
        let _ = writeln!(main, "\tf{n}({passed})");
        calls.push(Call { arguments, results });
    }
    let _ = writeln!(
        text,
        "func main() {{\n{main}\ttouched = closure(touched)()\n}}"
    );
    (text, calls)
}
