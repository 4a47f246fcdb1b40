//! The places that the library gives parameters and results, and the values there.

use probe_abi::machine::{Endian, GoConvention, GoPlace, GoShape, Machine};
use proofs::go::{Call, Signature, Stop, Type, Values, low};

use super::typed::Typed;

/// The calls of a program, at the places where it was stopped.
pub struct World<'a> {
    pub machine: &'static Machine,
    pub endian: Endian,
    pub signatures: &'a [Signature],
    pub calls: &'a [Call],
    pub stops: &'a [Stop],
}

impl World<'_> {
    /// Compares every component of every value with the value in its place by a convention. Returns the number of
    /// components.
    pub fn agrees(&self, go: &GoConvention, in_registers: bool) -> Result<usize, String> {
        self.reached()?;
        let mut checked = 0;
        for stop in self.stops {
            for (n, leaves) in self.values(stop).leaves.iter().enumerate() {
                let place = self.place(stop, n, go, in_registers);
                for (index, (leaf, value)) in leaves.iter().enumerate() {
                    let found = match place {
                        Some(GoPlace::Registers(first)) => go
                            .registers
                            .get(usize::from(first) + index)
                            .and_then(|slot| stop.register(*slot, leaf.size)),
                        Some(GoPlace::Stack(offset)) => {
                            let above = stop.gives_back.unwrap_or(0) as usize + leaf.offset;
                            stop.number(usize::from(offset) + above, leaf.size, self.endian)
                        }
                        None => None,
                    };
                    self.is(stop, n, index, found, *value)?;
                    checked += 1;
                }
            }
        }
        Ok(checked)
    }

    /// The same, by the signatures as Rust types.
    pub fn reads(
        &self,
        typed: &Typed,
        go: &GoConvention,
        in_registers: bool,
    ) -> Result<usize, String> {
        self.reached()?;
        let mut checked = 0;
        for stop in self.stops {
            let here = match self.endian == Endian::THIS {
                true => stop.clone(),
                false => self.turned(stop, go, in_registers),
            };
            let read = (typed.read)(&here, in_registers);
            let values = &self.values(stop).leaves;
            if read.len() != values.len() {
                return Err(format!(
                    "it reads {} values of {}",
                    read.len(),
                    values.len()
                ));
            }
            for (n, (read, leaves)) in read.iter().zip(values).enumerate() {
                let read = read
                    .as_ref()
                    .map_err(|error| format!("f{}, value {n}: {error}", stop.function))?;
                if read.len() != leaves.len() {
                    return Err(format!(
                        "f{}, value {n} has other components",
                        stop.function
                    ));
                }
                for (index, ((size, bits), (leaf, value))) in read.iter().zip(leaves).enumerate() {
                    if usize::from(*size) != leaf.size {
                        return Err(format!("f{}, value {n}: other sizes", stop.function));
                    }
                    self.is(stop, n, index, Some(low(*bits, leaf.size)), *value)?;
                    checked += 1;
                }
            }
        }
        Ok(checked)
    }

    /// The place of value `n`.
    fn place(
        &self,
        stop: &Stop,
        n: usize,
        go: &GoConvention,
        in_registers: bool,
    ) -> Option<GoPlace> {
        let word = self.machine.word;
        let shapes = |types: &[Type]| -> Vec<GoShape> {
            types.iter().map(|of| of.shape(word.into())).collect()
        };
        let signature = &self.signatures[stop.function];
        let parameters = shapes(&signature.parameters);
        match stop.gives_back {
            None => go.place(&parameters, n, in_registers),
            Some(_) => {
                let results = shapes(&signature.results);
                go.result_place(&parameters, &results, n, in_registers, word)
            }
        }
    }

    /// The same stop with the integers on its stack in the byte order of this computer.
    fn turned(&self, stop: &Stop, go: &GoConvention, in_registers: bool) -> Stop {
        let mut turned = stop.clone();
        for (n, leaves) in self.values(stop).leaves.iter().enumerate() {
            let Some(GoPlace::Stack(offset)) = self.place(stop, n, go, in_registers) else {
                continue;
            };
            for (leaf, _) in leaves {
                let start = usize::from(offset) + leaf.offset;
                if let Some(bytes) = turned.stack.get_mut(start..start + leaf.size) {
                    bytes.reverse();
                }
            }
        }
        turned
    }

    fn values(&self, stop: &Stop) -> &Values {
        let call = &self.calls[stop.function];
        match stop.gives_back {
            None => &call.arguments,
            Some(_) => &call.results,
        }
    }

    fn is(
        &self,
        stop: &Stop,
        n: usize,
        index: usize,
        found: Option<u64>,
        value: u64,
    ) -> Result<(), String> {
        if found == Some(value) {
            return Ok(());
        }
        let function = stop.function;
        let what = match stop.gives_back {
            None => "parameter",
            Some(_) => "result",
        };
        let found = found.map_or("nothing".into(), |found| format!("{found:#x}"));
        Err(format!(
            "f{function}, {:?}: of {what} {n}, component {index} is {value:#x}, and its place has {found}",
            self.signatures[function]
        ))
    }

    /// Every function was called, and has returned.
    fn reached(&self) -> Result<(), String> {
        for function in 0..self.signatures.len() {
            for is_entry in [true, false] {
                let here = |stop: &&Stop| {
                    stop.function == function && stop.gives_back.is_none() == is_entry
                };
                if self.stops.iter().filter(here).count() != 1 {
                    let what = if is_entry { "called" } else { "left" };
                    return Err(format!("f{function} is not {what} once"));
                }
            }
        }
        Ok(())
    }
}

/// The comparison refuses wrong conventions.
pub fn wrong_are_refused(
    world: &World,
    go: &GoConvention,
    in_registers: bool,
) -> Result<(), String> {
    let mut wrong = vec![
        (
            "a stack that starts a word higher",
            moved(go, 1),
            in_registers,
        ),
        (
            "a stack that starts a word lower",
            moved(go, -1),
            in_registers,
        ),
    ];
    if go.registers_since.is_some() {
        wrong.push(("the wrong release", *go, !in_registers));
    }
    let swapped: Vec<_> = (1..go.registers.len())
        .map(|second| {
            let mut registers = go.registers.to_vec();
            registers.swap(second - 1, second);
            // It may live until the test ends.
            &*registers.leak()
        })
        .collect();
    let fewer = go.registers.len().saturating_sub(1);
    if in_registers {
        for registers in swapped {
            wrong.push((
                "two swapped registers",
                GoConvention { registers, ..*go },
                true,
            ));
        }
        let registers = &go.registers[..fewer];
        wrong.push((
            "a register too few",
            GoConvention { registers, ..*go },
            true,
        ));
    }
    for (what, go, in_registers) in wrong {
        if world.agrees(&go, in_registers).is_ok() {
            return Err(format!("{what} is not refused"));
        }
    }
    Ok(())
}

fn moved(go: &GoConvention, words: i16) -> GoConvention {
    // The least word size, so that it is wrong on any machine.
    GoConvention {
        stack: go.stack.wrapping_add_signed(4 * words),
        ..*go
    }
}
