internal import CSupport
internal import QMP

extension Bytes {
    /// Whether the bytes are a name, or one slip away from it: a byte replaced, missing or too many, two neighbours
    /// exchanged, an escape such as `\u0061` that lost its backslash or its `u`, or a backslash that makes a control
    /// character of what is behind it.
    ///
    /// A secret under a misspelt name is a secret still.
    func isNearly(_ name: [UInt8]) -> Bool {
        let extra = count - name.count
        guard (-1...5).contains(extra) else { return false }
        var start = 0
        while start < count, start < name.count, self[startIndex + start] == name[start] { start += 1 }
        let (own, other) = (dropFirst(start), name.dropFirst(start))
        switch extra {
        case -1: return own == other.dropFirst() || (own.first ?? 0x20 < 0x20 && own.dropFirst() == other.dropFirst(2))
        case 0:
            return own.dropFirst() == other.dropFirst()
                || (own.prefix(2).elementsEqual(other.prefix(2).reversed()) && own.dropFirst(2) == other.dropFirst(2))
        case 1: return own.dropFirst() == other
        default:
            guard extra >= 4, own.prefix(6).contains(UInt8(ascii: "0")) else { return false }
            return [1, 2].contains { own.dropFirst(extra + $0) == other.dropFirst($0) }
        }
    }

    /// As ``isNearly(_:)`` for long names; a short one must be exact, since too many words are near it.
    func isProbably(_ name: [UInt8]) -> Bool {
        name.count < 5 ? elementsEqual(name) : isNearly(name)
    }

    /// The runs of letters, digits, `_` and `-`.
    var words: [Bytes] {
        split { !$0.isOfWord }
    }

    /// Where a byte first occurs.
    func firstIndex(quickly byte: UInt8) -> Int? {
        let found = withUnsafeBytes { csupport_find_byte($0.baseAddress, $0.count, byte) }
        return found < 0 ? nil : startIndex + found
    }
}

extension UInt8 {
    /// Whether it may be part of a name.
    var isOfWord: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}
