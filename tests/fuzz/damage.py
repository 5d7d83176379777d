"""Ways in which the bytes of a file come to differ from what was written."""

from collections.abc import Callable, Sequence

from hypothesis import strategies as st

_LONGEST = 2**20
TOKENS = [
    *(b"\0", b"\n", b"\r", b",", b'"', b"'", b"-", b"{", b"}", b"[", b"]", b":", b"*a", b"&a "),
    *(b"1e999", b"NaN", b"-Infinity", b"null", b"true", b"0x1", b"1_0", b"-1", b"1.5", b"~", b"${"),
    *(b"\xff\xfe", b"\xef\xbb\xbf", "\u2028\x0b\x1c\x85".encode(), b"\xed\xa0\x80", b"\\ud800"),
    *(b"9" * 400, b"9" * 5000, b"[" * 3000, b"{a: " * 100, b"a" * 200_000, b"#"),
    *(b"!!python/name:os.abort ", b"!!binary x"),
    *(b"PK\x03\x04", b"PK\x05\x06" + bytes(18), b"\x80\x02.", bytes(4096)),
]  # fmt: skip

Damage = Callable[[bytes], bytes]


@st.composite
def damaged(
    draw: st.DrawFn, whole: bytes, others: Sequence[bytes] = (), kinds: Sequence[str] = ()
) -> bytes:
    """The bytes of a file after one or a few changes, or none.

    Args:
        draw: hypothesis's.
        whole: the file's content.
        others: contents of other kinds of files.
        kinds: of changes; by default all.
    """
    content = whole
    every = ["flip", "flip", "cut", "end", "zero", "insert", "repeat", "twice", "swap"]
    every += ["other", "joined"] if others else []
    for _ in range(draw(st.sampled_from([1, 1, 1, 2, 4]))):
        start, end = sorted([draw(_place(len(content))), draw(_place(len(content)))])
        before, part, after = content[:start], content[start:end], content[end:]
        match draw(st.sampled_from(kinds or every)):
            case "flip" if after:
                content = before + part + bytes([after[0] ^ draw(st.integers(1, 255))]) + after[1:]
            case "cut":
                content = before + after
            case "end":
                content = before
            case "zero":
                content = before + bytes(len(part)) + after
            case "insert":
                token = draw(st.one_of(st.sampled_from(TOKENS), st.binary(max_size=20)))
                content = before + token + part + after
            case "repeat":
                times = draw(st.sampled_from([2, 3, 30, 3000]))
                content = before + part * times + after
            case "swap":
                content = before + after + part
            case "twice":
                content = content + content
            case "other":
                content = draw(st.sampled_from(others))
            case "joined":
                pair = [content, draw(st.sampled_from(others))]
                content = b"".join(draw(st.permutations(pair)))
        content = content[:_LONGEST]
    return content


def _place(length: int) -> st.SearchStrategy[int]:
    """Anywhere, and often in the first and the last bytes, where formats have their heads."""
    anywhere = st.floats(0, 1).map(lambda share: round(share * length))
    near = st.integers(0, min(length, 200))
    return st.one_of(anywhere, near, near.map(lambda place: length - place))
