using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Serving.Backends;
using Microsoft.Extensions.Logging;

namespace Holdfast.Serving;

/// <summary>Opens the package of a model version.</summary>
public delegate Task<IBackend> LoadBackend(Principal p, VariantRef variant, CancellationToken ct);

/// <summary>The variants that are loaded, each once per workspace. A version is on the shelf and warm before any route names it.</summary>
internal sealed class VariantShelf(LoadBackend load, ILogger log) : IDisposable
{
    // Longer than a request can hold a route before it enters its variant.
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);
    private readonly Dictionary<(int Workspace, VariantRef Variant), Variant> _loaded = [];
    private readonly SemaphoreSlim _gate = new(1, 1);

    /// <summary>The variant, loaded and asked once.</summary>
    /// <exception cref="HoldfastException">It cannot be served.</exception>
    public async Task<Variant> Get(int workspace, VariantRef wanted, CancellationToken ct)
    {
        await _gate.WaitAsync(ct);
        try
        {
            if (_loaded.TryGetValue((workspace, wanted), out var known))
                return known;
            var variant = new Variant(wanted.Model, wanted.Version, await Load(workspace, wanted, ct));
            await Warm(variant);
            return _loaded[(workspace, wanted)] = variant;
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Lets go of what no route names any more.</summary>
    public async Task Keep(IReadOnlySet<(int Workspace, VariantRef Variant)> named)
    {
        await _gate.WaitAsync();
        try
        {
            foreach (var (key, variant) in _loaded.Where(l => !named.Contains(l.Key)).ToList())
            {
                _loaded.Remove(key);
                _ = RetireLater(variant);
            }
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Lets go of everything: what runs outside of this process is ended.</summary>
    public void Dispose()
    {
        foreach (var variant in _loaded.Values)
            variant.Retire();
        _loaded.Clear();
        _gate.Dispose();
    }

    private async Task<IBackend> Load(int workspace, VariantRef wanted, CancellationToken ct)
    {
        try
        {
            return await load(Principal.Controller(workspace, "serving"), wanted, ct);
        }
        catch (Exception e) when (e is not (HoldfastException or OperationCanceledException))
        {
            // A native library may throw anything at a broken package.
            throw new HoldfastException(ErrorCode.FailedPrecondition, $"The model version {wanted} cannot be loaded: {e.Message}", "Check its package; 'holdfast models list' shows where it came from.", e);
        }
    }

    // The first call of a session allocates and compiles; no caller should pay for that. What it answers does not matter.
    private async Task Warm(Variant variant)
    {
        var rows = FeatureRows.For(variant.Info.Signature, 1);
        var error = await variant.Predict(rows, new Outcome[1], TimeSpan.FromSeconds(30));
        log.LogDebug("{Model}/{Version} is loaded; warm call: {Outcome}", variant.Model, variant.Version, error ?? "fine");
    }

    private static async Task RetireLater(Variant variant)
    {
        await Task.Delay(Grace);
        variant.Retire();
    }
}
