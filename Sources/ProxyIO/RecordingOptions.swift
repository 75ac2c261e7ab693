/// Where and how a monitor is recorded.
public struct RecordingOptions: Sendable, Equatable {
    /// When what was written is made to outlive a power failure, by fdatasync(2).
    ///
    /// A proxy that is killed loses nothing either way.
    public enum Sync: String, Sendable, Equatable, CaseIterable {
        /// Never; the kernel does it in its own time.
        case none
        /// 0.2 s after it was written at the latest.
        case interval
        /// After each write.
        case always
    }

    /// A file; or a directory, if it is one or ends in `/`: each segment is then a file of its own in it.
    public var path: String
    /// When what was written is made durable.
    public var sync: Sync
    /// A segment that holds so many bytes is followed by another.
    ///
    /// In a directory, 256 MiB unless this or ``rotateAge`` is said; a plain file grows without end.
    public var rotateBytes: Int?
    /// A segment that has gone on for so long is followed by another with the next entry; in a directory, 24 h.
    public var rotateAge: Duration?
    /// So many segments are kept, the current one among them; `nil` is all.
    public var keepSegments: Int?
    /// Segments are kept as long as all together hold no more than so many bytes; `nil` is all.
    public var keepBytes: Int?

    /// A recording with the defaults for everything else.
    public init(
        path: String,
        sync: Sync = .interval,
        rotateBytes: Int? = nil,
        rotateAge: Duration? = nil,
        keepSegments: Int? = nil,
        keepBytes: Int? = nil
    ) {
        self.path = path
        self.sync = sync
        self.rotateBytes = rotateBytes
        self.rotateAge = rotateAge
        self.keepSegments = keepSegments
        self.keepBytes = keepBytes
    }

    /// The same, with what holds in a directory when nothing is said.
    var asDirectory: RecordingOptions {
        guard rotateBytes == nil, rotateAge == nil else { return self }
        var options = self
        options.rotateBytes = 256 << 20
        options.rotateAge = .seconds(24 * 3600)
        return options
    }
}
