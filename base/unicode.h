// Character classes of Unicode that the language needs: which code points may stand in names, and which `repr` shows.
#pragma once

namespace tsvm::unicode {

/// May begin an identifier (after normalisation, as str.isidentifier says).
bool is_identifier_start(char32_t c);
/// May go on in an identifier.
bool is_identifier_continue(char32_t c);
/// Is changed by, or takes part in, NFKC normalisation: a combining character or a compatibility variant.
bool needs_normalization(char32_t c);
/// Shown as itself by repr() (str.isprintable).
bool is_printable(char32_t c);

}  // namespace tsvm::unicode
