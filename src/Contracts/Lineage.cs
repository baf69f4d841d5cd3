namespace Holdfast.Lineage;

/// <summary>A thing that has an origin or is one.</summary>
/// <param name="Id">Kind and reference, such as <c>run:3f…</c>; edges name it.</param>
/// <param name="Kind"><c>dataset_version</c>, <c>dataset</c> (one that this server does not hold), <c>run</c>, <c>model_version</c> or <c>endpoint</c>.</param>
/// <param name="Ref">Such as <c>credit@v3</c>, a run id, <c>credit/3</c>, <c>credit-risk</c>.</param>
/// <param name="Title">Its name for people.</param>
/// <param name="State">Such as a run's status or a version's aliases; null where there is none.</param>
public sealed record LineageNode(string Id, string Kind, string Ref, string Title, string? State = null);

/// <summary>What came of what.</summary>
/// <param name="From">The origin's id.</param>
/// <param name="To">What came of it.</param>
/// <param name="What">How: <c>read by</c>, <c>made</c>, <c>trained</c>, <c>part of</c>, <c>forked to</c>, <c>serves as primary</c>, ….</param>
public sealed record LineageEdge(string From, string To, string What);

/// <summary>Where a thing comes from and what came of it.</summary>
/// <param name="Root">The id of what was asked for.</param>
/// <param name="Nodes">All things, nearest first.</param>
/// <param name="Edges">All connections, from the origin on.</param>
/// <param name="Cut">Whether there is more than is shown.</param>
public sealed record LineageGraph(string Root, IReadOnlyList<LineageNode> Nodes, IReadOnlyList<LineageEdge> Edges, bool Cut);
