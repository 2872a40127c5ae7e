//! Infisical's published clients, unmodified, against the built binary.

#[cfg(test)]
mod command_line;
#[cfg(test)]
mod guides;
#[cfg(test)]
mod node;
#[cfg(test)]
mod python;
#[cfg(test)]
mod rust;
#[cfg(test)]
mod terraform;
