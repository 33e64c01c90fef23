//! The bodies that the tests of the table use too: what is compared with the other crate here is
//! what is damaged there.

#[path = "../served/samples/group_admin.rs"]
pub mod group_admin;
#[path = "../served/samples/groups.rs"]
pub mod groups;
#[path = "../served/samples/offsets.rs"]
pub mod offsets;
#[path = "../served/samples/transaction_admin.rs"]
pub mod transaction_admin;
#[path = "../served/samples/transactions.rs"]
pub mod transactions;
