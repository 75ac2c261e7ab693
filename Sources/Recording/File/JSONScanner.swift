internal import CSupport
internal import QMP

/// Walks over JSON and builds nothing; depth costs no recursion.
struct JSONScanner {
    /// What is taken for JSON.
    enum Grammar {
        /// RFC 8259.
        case strict
        /// QEMU's dialect: strings in single quotes and `\'`, too, and bare `inf` and `nan` as its writer leaves them.
        case qemu
    }

    /// What is wrong, and where.
    struct Malformed: Error, Equatable {
        let text: String
    }

    /// One member of the object; the key without its quotes.
    struct Member {
        let key: Bytes
        let value: Bytes
    }

    /// As deep as QEMU goes, wrapped in an id and a line of a recording, and again as much.
    private static let depthMax = 2 * Limits.qemu.nestingMax

    /// Far quicker to walk over than an array; only valid inside ``members(of:_:until:)``.
    private let bytes: UnsafeBufferPointer<UInt8>
    private let grammar: Grammar
    private var index = 0

    /// The members of the object that the bytes are.
    ///
    /// - Parameters:
    ///   - bytes: the object, with nothing but white space around it.
    ///   - grammar: what is taken for JSON.
    ///   - isLast: where it is `true` for a key, the rest is not looked at.
    /// - Returns: the members in the order in which they are written.
    /// - Throws: ``Malformed`` at the first thing that is wrong.
    static func members(
        of bytes: Bytes,
        _ grammar: Grammar,
        until isLast: (Bytes) -> Bool = { _ in false }
    ) throws(Malformed) -> [Member] {
        try bytes.withUnsafeBufferPointer { (buffer) throws(Malformed) in
            var scanner = JSONScanner(bytes: buffer, grammar: grammar)
            var members: [Member] = []
            while let (key, value) = try scanner.nextMember(isFirst: members.isEmpty) {
                let start = bytes.startIndex
                let member = Member(
                    key: bytes[start + key.lowerBound..<start + key.upperBound],
                    value: bytes[start + value.lowerBound..<start + value.upperBound]
                )
                members.append(member)
                if isLast(member.key) { break }
            }
            return members
        }
    }

    /// Whether the bytes are one object and nothing else.
    static func isObject(_ bytes: Bytes, _ grammar: Grammar) -> Bool {
        do throws(Malformed) {
            _ = try members(of: bytes, grammar)
            return true
        } catch {
            return false
        }
    }

    private mutating func nextMember(isFirst: Bool) throws(Malformed) -> (key: Range<Int>, value: Range<Int>)? {
        guard !isFirst || take(UInt8(ascii: "{")) else { throw malformed("'{' is wanted") }
        if take(UInt8(ascii: "}")) {
            skipSpace()
            guard index == bytes.count else { throw malformed("more behind the object") }
            return nil
        }
        guard isFirst || take(UInt8(ascii: ",")) else { throw malformed("',' is wanted") }
        return (try key(), try value())
    }

    private mutating func value() throws(Malformed) -> Range<Int> {
        skipSpace()
        let start = index
        // What is JSON is QEMU's dialect, too; what is not, or is very deep, is walked over below.
        let rest = UnsafeBufferPointer(rebasing: bytes[index...])
        let length = csupport_json_value(rest.baseAddress, rest.count)
        index += max(0, length)
        if length >= 0 { return start..<index }
        var awaited: [UInt8] = []
        while true {
            guard awaited.count <= Self.depthMax else { throw malformed("too many open brackets") }
            if take(UInt8(ascii: "{")) {
                awaited.append(UInt8(ascii: "}"))
                if !isNext(UInt8(ascii: "}")) {
                    _ = try key()
                    continue
                }
            } else if take(UInt8(ascii: "[")) {
                awaited.append(UInt8(ascii: "]"))
                if !isNext(UInt8(ascii: "]")) { continue }
            } else {
                try scalar()
            }
            while let end = awaited.last, take(end) { awaited.removeLast() }
            guard let end = awaited.last else { return start..<index }
            guard take(UInt8(ascii: ",")) else { throw malformed("',' is wanted") }
            if end == UInt8(ascii: "}") { _ = try key() }
        }
    }

    private mutating func key() throws(Malformed) -> Range<Int> {
        skipSpace()
        let start = index
        guard index < bytes.count, isQuote(bytes[index]) else { throw malformed("a member's name is wanted") }
        try string()
        let range = start + 1..<index - 1
        guard take(UInt8(ascii: ":")) else { throw malformed("':' is wanted") }
        return range
    }

    private mutating func scalar() throws(Malformed) {
        guard index < bytes.count else { throw malformed("the text ends too soon") }
        if isQuote(bytes[index]) { return try string() }
        let start = index
        guard !takeNumber() else { return }
        index = start
        for word in grammar == .strict ? Self.words : Self.words + Self.numberWords where takeWord(word) { return }
        throw malformed("a value is wanted")
    }

    private static let words: [StaticString] = ["true", "false", "null"]
    private static let numberWords: [StaticString] = ["inf", "-inf", "nan", "-nan"]

    private mutating func string() throws(Malformed) {
        let start = index
        let quote = bytes[index]
        index += 1
        while index < bytes.count, bytes[index] != quote {
            if bytes[index] == UInt8(ascii: "\\") {
                guard takeEscape() else { throw malformed("no such escape") }
            } else {
                guard bytes[index] >= 0x20 else { throw malformed("a control character in a string") }
                index += 1
            }
        }
        guard index < bytes.count else {
            index = start
            throw malformed("the string does not end")
        }
        index += 1
    }

    private mutating func takeEscape() -> Bool {
        guard index + 1 < bytes.count else { return false }
        let kind = bytes[index + 1]
        index += 2
        switch kind {
        case UInt8(ascii: "u"):
            let digits = bytes[index...].prefix(4)
            index += digits.count
            return digits.count == 4 && digits.allSatisfy { Character(UnicodeScalar($0)).isHexDigit }
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            return true
        default:
            return grammar == .qemu && kind == UInt8(ascii: "'")
        }
    }

    private mutating func takeNumber() -> Bool {
        _ = takeByte(UInt8(ascii: "-"))
        guard takeByte(UInt8(ascii: "0")) || takeDigits() else { return false }
        if takeByte(UInt8(ascii: ".")), !takeDigits() { return false }
        guard takeByte(UInt8(ascii: "e")) || takeByte(UInt8(ascii: "E")) else { return true }
        _ = takeByte(UInt8(ascii: "-")) || takeByte(UInt8(ascii: "+"))
        return takeDigits()
    }

    private mutating func takeDigits() -> Bool {
        let start = index
        while index < bytes.count, (0x30...0x39).contains(bytes[index]) { index += 1 }
        return index > start
    }

    private mutating func takeWord(_ word: StaticString) -> Bool {
        let text = UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount)
        guard bytes[index...].starts(with: text) else { return false }
        index += text.count
        return true
    }

    private mutating func takeByte(_ byte: UInt8) -> Bool {
        guard index < bytes.count, bytes[index] == byte else { return false }
        index += 1
        return true
    }

    /// Takes a byte and the white space before it.
    private mutating func take(_ byte: UInt8) -> Bool {
        skipSpace()
        return takeByte(byte)
    }

    private mutating func isNext(_ byte: UInt8) -> Bool {
        skipSpace()
        return index < bytes.count && bytes[index] == byte
    }

    private mutating func skipSpace() {
        while index < bytes.count, bytes[index] <= 0x20 {
            switch bytes[index] {
            case 0x20, 0x09, 0x0A, 0x0D: index += 1
            default: return
            }
        }
    }

    private func isQuote(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "\"") || (grammar == .qemu && byte == UInt8(ascii: "'"))
    }

    private func malformed(_ text: String) -> Malformed {
        Malformed(text: "\(text) at byte \(index)")
    }
}
