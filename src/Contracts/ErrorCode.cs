namespace Holdfast.Contracts;

/// <summary>What went wrong, in terms that every protocol can translate. Each edge has one table from code to status.</summary>
public enum ErrorCode
{
    /// <summary>A fault inside Holdfast.</summary>
    Internal,

    /// <summary>A field is missing, malformed or out of range.</summary>
    InvalidArgument,

    /// <summary>The named thing does not exist in this workspace.</summary>
    NotFound,

    /// <summary>The name is taken.</summary>
    AlreadyExists,

    /// <summary>Someone else changed the thing in between (compare-and-set failed).</summary>
    Conflict,

    /// <summary>The request is well formed but the state forbids it.</summary>
    FailedPrecondition,

    /// <summary>No or unknown credentials.</summary>
    Unauthenticated,

    /// <summary>Known credentials without the needed right.</summary>
    PermissionDenied,

    /// <summary>The body or a part of it is larger than the limit.</summary>
    TooLarge,

    /// <summary>The part exists in the protocol but not here.</summary>
    Unsupported,

    /// <summary>Not ready now; a retry can help.</summary>
    Unavailable,

    /// <summary>The work did not end in time.</summary>
    Timeout,

    /// <summary>More at once than can be answered in time; the same after a moment can succeed.</summary>
    Overloaded,
}
