/// What a plugin calls something it has begun, to know it again when it is told of it.
///
/// Each kind of thing has tags of its own: a timer and a held command may have the same. But an outcome comes with its
/// tag alone (``Plugin/answered(_:with:_:)``), so that kinds are better told apart by their names.
public struct Tag: Sendable, Hashable, ExpressibleByStringLiteral, CustomStringConvertible {
    /// What it is.
    public let name: String
    /// Which one of those, for what there is many of.
    public let number: Int

    /// The tag of that name and number.
    public init(_ name: String, _ number: Int = 0) {
        self.name = name
        self.number = number
    }

    /// The tag of that name, the number being 0.
    public init(stringLiteral name: String) {
        self.init(name)
    }

    /// Such as `step` or `step 4`.
    public var description: String { number == 0 ? name : "\(name) \(number)" }
}
