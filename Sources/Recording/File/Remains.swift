internal import QMP

/// What may be left of a recording's first line when it cannot be read.
enum Remains {
    /// Nothing of ours.
    case foreign
    /// A beginning of one of our lines, too short to be sure.
    case stump
    /// One of our lines.
    case damaged

    private static let header = Array(#"{"qmp-recording""#.utf8)
    private static let entry = Array(#"{"t": "#.utf8)
    private static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

    /// Judges a line by how it begins: as an encoder writes it, perhaps with one byte of the header's name damaged, or
    /// behind a byte order mark.
    ///
    /// - Parameters:
    ///   - line: without its end.
    ///   - isWhole: whether it has an end. Without one, `{"` is too little: any JSON begins like that.
    init(of line: Bytes, isWhole: Bool) {
        let text = line.starts(with: Self.byteOrderMark) ? line.dropFirst(3) : line
        let isStump = text.count < Self.header.count && Self.header.starts(with: text)
        if text.count >= Self.header.count, Self.damage(of: text) <= 1 {
            self = .damaged
        } else if text.starts(with: Self.entry), !(isWhole && Self.isAnothers(text)) {
            self = .damaged
        } else {
            let isLongEnough = text.count > (isWhole ? 0 : 2)
            self = isLongEnough && (isStump || Self.entry.starts(with: text)) ? .stump : .foreign
        }
    }

    /// Whether a line that begins like that may turn out to be one of ours.
    static func mayBegin(_ start: Bytes) -> Bool {
        let mark = start.prefix(3)
        return byteOrderMark.starts(with: mark) || damage(of: start) <= 1
    }

    /// How many bytes differ from a header's first ones.
    private static func damage(of text: Bytes) -> Int {
        zip(text, header).count { $0 != $1 }
    }

    /// Whether it is an object that is whole and has none of an entry's names.
    private static func isAnothers(_ text: Bytes) -> Bool {
        guard let line = try? RecordingLine(text) else { return false }
        return line["at"] == nil && line["is"] == nil
    }
}
