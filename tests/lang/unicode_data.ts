# The character database: names, categories, normal forms; names of variables are normalised.
import unicodedata

print("\N{GREEK SMALL LETTER ALPHA}\N{bullet}\N{HANGUL SYLLABLE GAG}" == "\u03b1\u2022\uac01", f"\N{DIGIT ONE}")  # expect: True 1
print(unicodedata.name("é"), unicodedata.lookup("EURO SIGN"), unicodedata.name("\n", "none"))  # expect: LATIN SMALL LETTER E WITH ACUTE € none
print(unicodedata.name("\u4e00"), unicodedata.name("\uac01"))  # expect: CJK UNIFIED IDEOGRAPH-4E00 HANGUL SYLLABLE GAG
print([unicodedata.category(c) for c in "aA1 .\u0301"])  # expect: ['Ll', 'Lu', 'Nd', 'Zs', 'Po', 'Mn']
print("".join(c for c in unicodedata.normalize("NFD", "Ślusàrski") if unicodedata.category(c) != "Mn"))  # expect: Slusarski
print([len(unicodedata.normalize(form, "e\u0301\ufb01\uac01")) for form in ("NFC", "NFD", "NFKC", "NFKD")])  # expect: [3, 6, 4, 7]
print(unicodedata.numeric("\u00bd"), unicodedata.digit("\u00b2"), unicodedata.decimal("7"), unicodedata.combining("\u0301"))  # expect: 0.5 2 7 230
print(unicodedata.decomposition("\u00c5"), unicodedata.east_asian_width("\u4e00"), unicodedata.bidirectional("\u05d0"))  # expect: 0041 030A W R
ﬁ = 1
print(fi, all(unicodedata.lookup(unicodedata.name(chr(c))) == chr(c) for c in range(32, 127)))  # expect: 1 True
try:
    compile('"\\N{NO SUCH NAME}"', "<s>", "exec")
except SyntaxError as e:
    print(e.msg)  # expect: (unicode error) 'unicodeescape' codec can't decode bytes in position 0-15: unknown Unicode character name
