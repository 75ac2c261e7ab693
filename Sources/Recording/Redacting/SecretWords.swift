internal import QMP

/// Words that tell that bytes which are no valid document may hold a secret.
struct SecretWords {
    /// Longer ones are taken to hold one unseen, in bytes: who sends so much and breaks off is not waited for.
    private static let bytesMax = 64 << 10

    private let words: [[UInt8]]
    private let globs: [Glob]

    init(rules: [RedactionRule]) {
        let ofRules = rules.flatMap(\.pointer.steps).compactMap { step -> String? in
            guard case .named(let name) = step, name != "arguments", name != "return" else { return nil }
            return name
        }
        words = (Self.ofTable + ofRules).map { Array($0.utf8) }
        globs = rules.map(\.names)
    }

    private static let ofTable =
        CommandTraits.secrets.filter { $0.value.condition != .ofLine && $0.value.condition != .ofURI }.map(\.key)
        + CommandTraits.secrets.values.flatMap(\.members) + CommandTraits.secretVerbs
        + [CommandTraits.secretMember, "passwd", "exec"]

    /// Whether bytes name a command or a member that is secret, in whatever spelling, or may hold credentials.
    func areIn(_ bytes: Bytes) -> Bool {
        guard bytes.count <= Self.bytesMax else { return true }
        let plain = Self.plain(bytes)
        guard !Credentials.mayBeginIn(plain) else { return true }
        return plain.words.contains { word in
            words.contains { word.isProbably($0) } || globs.contains { $0.matches(word) }
        }
    }

    /// The bytes with their escapes resolved, as far as names need it, wherever they begin and end.
    private static func plain(_ bytes: Bytes) -> Bytes {
        guard bytes.firstIndex(quickly: UInt8(ascii: "\\")) != nil else { return bytes }
        var plain: [UInt8] = []
        var rest = bytes
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\") else {
                plain.append(byte)
                continue
            }
            guard let kind = rest.popFirst() else { break }
            let digits = rest.prefix(4)
            if kind == UInt8(ascii: "u"), digits.count == 4, let value = UInt16(digits.text, radix: 16) {
                plain.append(UInt8(exactly: value) ?? UInt8(ascii: "?"))
                rest = rest.dropFirst(4)
            } else {
                plain.append(kind)
            }
        }
        return plain[...]
    }
}
