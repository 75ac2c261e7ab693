internal import CSupport

/// Cuts what a program writes into lines.
///
/// A line ends in LF or CR LF. Without a line that has begun it holds no memory.
struct LineDecoder {
    /// A line without its end.
    struct Line: Equatable {
        let bytes: ArraySlice<UInt8>
        /// Whether it was longer: the rest is skipped.
        let isCut: Bool
    }

    private let lineBytesMax: Int
    /// What has come of a line that has not ended.
    private var begun: [UInt8] = []
    private var isSkipping = false

    init(lineBytesMax: Int) {
        self.lineBytesMax = lineBytesMax
    }

    /// Takes the next line from the front of what has come; `nil` when all of it is taken and more is wanted.
    mutating func next(from bytes: inout ArraySlice<UInt8>) -> Line? {
        while !bytes.isEmpty {
            let end = bytes.withUnsafeBytes { csupport_find_byte($0.baseAddress, $0.count, UInt8(ascii: "\n")) }
            let piece = end < 0 ? bytes : bytes.prefix(end)
            bytes = bytes.dropFirst(piece.count + (end < 0 ? 0 : 1))
            if isSkipping {
                isSkipping = end < 0
                continue
            }
            begun += piece
            if let line = takeTooLong() {
                isSkipping = end < 0
                return line
            }
            guard end < 0 else { return take(withoutCarriageReturn: true) }
        }
        return nil
    }

    /// The last line, which has no end; `nil` if there is none.
    mutating func finish() -> Line? {
        begun.isEmpty ? nil : take(withoutCarriageReturn: false)
    }

    private mutating func takeTooLong() -> Line? {
        // One byte more may be half of a line's end.
        let mayEnd = begun.last == UInt8(ascii: "\r") ? 1 : 0
        guard begun.count > lineBytesMax + mayEnd else { return nil }
        defer { begun = [] }
        return Line(bytes: begun.prefix(lineBytesMax), isCut: true)
    }

    private mutating func take(withoutCarriageReturn: Bool) -> Line {
        defer { begun = [] }
        let ends = withoutCarriageReturn && begun.last == UInt8(ascii: "\r")
        return Line(bytes: begun.dropLast(ends ? 1 : 0), isCut: false)
    }
}
