//! Groups that change their protocol while they have members (KIP-848).

mod after_load;
mod client;
mod downgrade;
mod histories;
mod mixed;
mod upgrade;
mod world;
