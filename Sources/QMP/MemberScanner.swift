/// Walks over the members of an object from a monitor without parsing their values.
///
/// It trusts the monitor to write JSON: what is no object, or breaks off, just has no more members.
struct MemberScanner {
    /// One member; indices into the bytes.
    struct Member {
        /// The end of what was before: the opening brace or the value before the comma.
        let separator: Int
        /// Where the quoted name begins.
        let keyStart: Int
        /// The name between its quotes.
        let key: Range<Int>
        /// The value.
        let value: Range<Int>
    }

    private let bytes: Bytes
    private var index: Int
    /// Whether the member last returned was the last one.
    private(set) var isLast = false
    /// Where the name of the next member begins.
    private(set) var nextKey: Int

    init(_ bytes: Bytes) {
        self.bytes = bytes
        index = bytes.startIndex
        nextKey = index
        skipSpace()
        if index < bytes.endIndex, bytes[index] == UInt8(ascii: "{") {
            index += 1
        } else {
            isLast = true
        }
    }

    mutating func next() -> Member? {
        guard !isLast else { return nil }
        let separator = index > bytes.startIndex && bytes[index - 1] == UInt8(ascii: ",") ? index - 1 : index
        skipSpace()
        let keyStart = index
        guard skipString() else { return nil }
        let key = keyStart + 1..<index - 1
        skipSpace()
        guard index < bytes.endIndex, bytes[index] == UInt8(ascii: ":") else { return nil }
        index += 1
        skipSpace()
        let start = index
        guard skipValue() else { return nil }
        let value = start..<index
        skipSpace()
        isLast = index >= bytes.endIndex || bytes[index] != UInt8(ascii: ",")
        index += 1
        if !isLast {
            let comma = index
            skipSpace()
            nextKey = index
            index = comma
        }
        return Member(separator: separator, keyStart: keyStart, key: key, value: value)
    }

    private mutating func skipSpace() {
        while index < bytes.endIndex, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[index]) { index += 1 }
    }

    private mutating func skipString() -> Bool {
        guard index < bytes.endIndex, bytes[index] == UInt8(ascii: "\"") else { return false }
        index += 1
        while index < bytes.endIndex, bytes[index] != UInt8(ascii: "\"") {
            index += bytes[index] == UInt8(ascii: "\\") ? 2 : 1
        }
        index += 1
        return index <= bytes.endIndex
    }

    private mutating func skipValue() -> Bool {
        var depth = 0
        while index < bytes.endIndex {
            switch bytes[index] {
            case UInt8(ascii: "\""):
                guard skipString() else { return false }
                if depth == 0 { return true }
                continue
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                if depth == 0 { return true }
                depth -= 1
                if depth == 0 {
                    index += 1
                    return true
                }
            case UInt8(ascii: ","), 0x20, 0x09, 0x0A, 0x0D:
                if depth == 0 { return true }
            default: break
            }
            index += 1
        }
        return false
    }
}

/// Walks over an object from its end.
///
/// Exact for what QEMU writes: outside a string there is no backslash, so a quote is a string's end unless an odd
/// number of backslashes stands before it.
struct BackwardWalker {
    private let bytes: Bytes
    private var index: Int

    init(_ bytes: Bytes) {
        self.bytes = bytes
        index = bytes.endIndex
    }

    /// The last member, if what stands before its value is `name`.
    mutating func lastMember(named name: String) -> MonitorMessage.ID? {
        while index > bytes.startIndex, bytes[index - 1] <= 0x20 { index -= 1 }
        guard index > bytes.startIndex, bytes[index - 1] == UInt8(ascii: "}") else { return nil }
        index -= 1
        let end = index
        guard skipValue() else { return nil }
        let start = index - name.utf8.count
        guard start > bytes.startIndex, bytes[start..<index].elementsEqual(name.utf8) else { return nil }
        return MonitorMessage.ID(value: index..<end, member: start..<end)
    }

    private mutating func skipValue() -> Bool {
        var depth = 0
        while index > bytes.startIndex {
            switch bytes[index - 1] {
            case UInt8(ascii: "\""):
                guard skipString() else { return false }
                if depth == 0 { return true }
                continue
            case UInt8(ascii: "}"), UInt8(ascii: "]"): depth += 1
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth -= 1
                if depth == 0 {
                    index -= 1
                    return true
                }
            case 0x20, UInt8(ascii: ":"):
                if depth == 0 { return true }
            default: break
            }
            index -= 1
        }
        return false
    }

    private mutating func skipString() -> Bool {
        index -= 1
        while index > bytes.startIndex {
            index -= 1
            guard bytes[index] == UInt8(ascii: "\"") else { continue }
            var backslashes = 0
            while index - backslashes > bytes.startIndex, bytes[index - backslashes - 1] == UInt8(ascii: "\\") {
                backslashes += 1
            }
            if backslashes.isMultiple(of: 2) { return true }
        }
        return false
    }
}
