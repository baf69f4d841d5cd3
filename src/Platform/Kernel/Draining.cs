namespace Holdfast.Kernel;

/// <summary>Whether the server is on its way out: readiness fails already, requests are still answered.</summary>
public sealed class Draining
{
    private volatile bool _begun;

    /// <summary>Whether it has begun.</summary>
    public bool Begun => _begun;

    /// <summary>From now on no new traffic is asked for.</summary>
    public void Begin() => _begun = true;
}
