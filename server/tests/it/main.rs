//! Tests of the whole program, in one binary.

#[cfg(test)]
mod command_line;
