internal import QMP
internal import Recording

/// What was probably meant.
extension ConfigurationReader {
    /// The known key that is a slip of the finger away, if one is.
    static func nearest(to text: String, among known: [String]) -> String? {
        Spelling.nearest(to: text, among: known)
    }
}
