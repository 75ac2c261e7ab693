internal import QMP

/// Credentials that stand in the midst of a text.
enum Credentials {
    /// Whether a text holds such: `scheme://user:password@…`, iscsi's `user%password@`, or a password, cookie or key
    /// in a `json:{…}` or `rbd:…` file name (block/curl.c, block/iscsi.c, block.c, block/rbd.c).
    static func areIn(_ text: Bytes) -> Bool {
        let lastAt = text.firstIndex(quickly: UInt8(ascii: "@")) == nil ? nil : text.lastIndex(of: UInt8(ascii: "@"))
        var index = text.startIndex
        var isFileName = false
        while let colon = text[index...].firstIndex(quickly: UInt8(ascii: ":")) {
            index = colon + 1
            let scheme = text[..<colon]
            isFileName =
                isFileName || scheme.suffix(4).elementsEqual("json".utf8) || scheme.suffix(3).elementsEqual("rbd".utf8)
            if let lastAt, lastAt > colon, text[index...].starts(with: "//".utf8),
                isSecret(authority(in: text[(index + 2)...]), isBeforeAt: lastAt)
            {
                return true
            }
        }
        // A name inside such a JSON text may be written in escapes of its own.
        return isFileName && (areAssigned(in: text) || hasCharacterInHexadecimal(text))
    }

    /// As ``areIn(_:)`` for a line of a person's: `user:password@host` and `password=…` count, too.
    static func mayBeIn(_ line: Bytes) -> Bool {
        var isBehindColon = false
        for byte in line {
            switch byte {
            case UInt8(ascii: ":"), UInt8(ascii: "%"): isBehindColon = true
            case UInt8(ascii: "@") where isBehindColon: return true
            case 0...0x20, UInt8(ascii: "/"), UInt8(ascii: ","), UInt8(ascii: "="): isBehindColon = false
            default: break
            }
        }
        return areIn(line) || areAssigned(in: line)
    }

    /// As ``mayBeIn(_:)`` for bytes that may break off in the midst of them.
    static func mayBeginIn(_ bytes: Bytes) -> Bool {
        var rest = bytes
        while let colon = rest.firstIndex(quickly: UInt8(ascii: ":")) {
            rest = rest[(colon + 1)...]
            guard rest.starts(with: "//".utf8) else { continue }
            if authority(in: rest.dropFirst(2)).contains(where: { ":%@".utf8.contains($0) }) { return true }
        }
        return mayBeIn(bytes)
    }

    private static func hasCharacterInHexadecimal(_ text: Bytes) -> Bool {
        zip(text, text.dropFirst()).contains { $0 == UInt8(ascii: "\\") && $1 == UInt8(ascii: "u") }
    }

    private static func authority(in rest: Bytes) -> Bytes {
        rest.prefix { $0 > 0x20 && !"/?#\\".utf8.contains($0) }
    }

    /// Whether what stands behind `://` is more than a user, a host and a port.
    ///
    /// A port that is no number is the beginning of a password with a `/` in it, if a `@` comes later.
    private static func isSecret(_ authority: Bytes, isBeforeAt lastAt: Int) -> Bool {
        if let at = authority.lastIndex(of: UInt8(ascii: "@")) {
            return authority[..<at].contains { $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: "%") }
        }
        guard lastAt > authority.endIndex else { return false }
        guard !authority.contains(UInt8(ascii: "%")) else { return true }
        guard let colon = authority.lastIndex(of: UInt8(ascii: ":")), !authority.contains(UInt8(ascii: "]")) else {
            return false
        }
        return !authority[(colon + 1)...].allSatisfy { !$0.isOfWord || (0x30...0x39).contains($0) }
    }

    /// Whether a password, cookie or key is given, as in `password=…`, `"password": …` or `:key=…`.
    private static func areAssigned(in text: Bytes) -> Bool {
        text.words.contains { word in
            guard names.contains(where: { word.elementsEqual($0) }) else { return false }
            let next = text[word.endIndex...].first { $0 > 0x20 && !"\\\"'".utf8.contains($0) }
            return next == UInt8(ascii: ":") || next == UInt8(ascii: "=")
        }
    }

    private static let names = ["password", "passwd", "cookie", "key", "secret"].map { Array($0.utf8) }
}

extension Bytes {
    /// Whether an escape stands in it for a character that needs none: for such as QEMU would not write.
    var hasHiddenCharacter: Bool {
        var rest = self
        while let backslash = rest.firstIndex(quickly: UInt8(ascii: "\\")) {
            let escape = rest[(backslash + 1)...]
            if escape.first == UInt8(ascii: "/") || escape.first == UInt8(ascii: "'") { return true }
            if escape.first == UInt8(ascii: "u"), let digit = escape.dropFirst(3).first,
                escape.dropFirst().starts(with: "00".utf8), (0x32...0x37).contains(digit)
            {
                return true
            }
            rest = escape.dropFirst()
        }
        return false
    }
}
