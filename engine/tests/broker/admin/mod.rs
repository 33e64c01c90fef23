//! Administration: settings and quotas that change while the broker runs, and questions about places and leaders.

mod configs;
mod places;
mod quotas;
