//! Colours and letters of every drawing. The palette is Okabe and Ito's, which people with any kind of
//! colour blindness can tell apart; line styles and marks say the same once more.

/// Shared by the page and by drawings on their own.
pub const CSS: &str = "\
:root{--ink:#1b1f24;--soft:#5b6570;--faint:#e3e7eb;--card:#ffffff;--page:#f5f6f8;\
--c0:#7d8590;--c1:#d98a00;--c2:#c2649a;--c3:#009e73;--c4:#0072b2;--c5:#d55e00;\
--good:#00795a;--bad:#b8420a}\
@media(prefers-color-scheme:dark){:root{--ink:#e8ebee;--soft:#9aa5b1;--faint:#30363d;\
--card:#161b22;--page:#0d1117;--c0:#9aa5b1;--c1:#f0b03c;--c2:#e197c4;--c3:#35c79c;--c4:#56b4e9;\
--c5:#ff8a4c;--good:#35c79c;--bad:#ff8a4c}}\
svg{font-family:system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif;\
font-size:13px}\
svg text{fill:var(--ink)}svg .soft{fill:var(--soft)}svg .title{font-size:16px;font-weight:600}\
svg .grid{stroke:var(--faint);stroke-width:1}svg .axis{stroke:var(--soft);stroke-width:1}\
svg .mark{stroke:var(--soft);stroke-width:1.5;stroke-dasharray:2 4}\
svg .label{paint-order:stroke;stroke:var(--card);stroke-width:4}\
svg .whisker{stroke:var(--ink);stroke-width:1.5;fill:none}\
svg .line{fill:none;stroke-width:2.5;stroke-linejoin:round;stroke-linecap:round}\
svg .dash{stroke-dasharray:7 5}svg .dots{stroke-dasharray:2 5}svg .halo{stroke:var(--card);stroke-width:1.5}\
svg .s0{stroke:var(--c0)}svg .s1{stroke:var(--c1)}svg .s2{stroke:var(--c2)}\
svg .s3{stroke:var(--c3)}svg .s4{stroke:var(--c4)}svg .s5{stroke:var(--c5)}\
svg .f0{fill:var(--c0)}svg .f1{fill:var(--c1)}svg .f2{fill:var(--c2)}\
svg .f3{fill:var(--c3)}svg .f4{fill:var(--c4)}svg .f5{fill:var(--c5)}\
svg .pale{fill-opacity:.55}svg .paler{fill-opacity:.25}svg .cloud{fill-opacity:.35}";
