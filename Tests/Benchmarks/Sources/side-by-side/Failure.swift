import Foundation

/// Why something could not be measured, in a sentence for the user.
struct Failure: Error, CustomStringConvertible {
    var description: String

    init(_ description: String) {
        self.description = description
    }

    /// What the last call to the kernel complained about.
    static func system(_ what: String, _ number: Int32 = errno) -> Failure {
        Failure("\(what): \(String(cString: strerror(number)))")
    }
}
