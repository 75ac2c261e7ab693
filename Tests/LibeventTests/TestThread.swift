import Glibc

/// A thread of a test's own: what the tests' thread pool offers must not be blocked.
final class TestThread: Sendable {
    let id: pthread_t

    private final class Body: Sendable {
        let run: @Sendable () -> Void

        init(_ run: @escaping @Sendable () -> Void) {
            self.run = run
        }
    }

    init(_ body: @escaping @Sendable () -> Void) {
        var id = pthread_t()
        let context = Unmanaged.passRetained(Body(body)).toOpaque()
        let result = pthread_create(
            &id,
            nil,
            { context in
                if let context {
                    Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run()
                }
                return nil
            },
            context
        )
        precondition(result == 0, "a test needs its thread")
        self.id = id
    }

    func join() {
        pthread_join(id, nil)
    }
}
