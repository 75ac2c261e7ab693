/// A pattern for names: `*` stands for any run of characters, `?` for any one; all others for themselves.
public struct Glob: Sendable, Hashable, CustomStringConvertible {
    /// The pattern as it was written.
    public let description: String

    private let pattern: [UInt8]

    /// The glob of that pattern.
    public init(_ pattern: String) {
        description = pattern
        self.pattern = Array(pattern.utf8)
    }

    /// Whether a name is as the pattern says, from end to end; case counts.
    public func matches(_ name: String) -> Bool {
        matches(Bytes(text: name))
    }

    /// Whether a name is as the pattern says, from end to end; case counts.
    ///
    /// A later `*` is free to take what an earlier one might have, so only the last one is tried again: the time is
    /// bounded by the length of the name times that of the pattern, whatever they are.
    public func matches(_ name: Bytes) -> Bool {
        var (index, place) = (name.startIndex, 0)
        var star: (place: Int, index: Int)?
        while index < name.endIndex {
            if place < pattern.count, pattern[place] == UInt8(ascii: "*") {
                star = (place, index)
                place += 1
            } else if place < pattern.count, pattern[place] == UInt8(ascii: "?") {
                index = name[(index + 1)...].firstIndex { $0 & 0xC0 != 0x80 } ?? name.endIndex
                place += 1
            } else if place < pattern.count, pattern[place] == name[index] {
                index += 1
                place += 1
            } else if let last = star {
                star = (last.place, last.index + 1)
                index = last.index + 1
                place = last.place + 1
            } else {
                return false
            }
        }
        return pattern[place...].allSatisfy { $0 == UInt8(ascii: "*") }
    }
}
