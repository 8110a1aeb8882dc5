namespace SimCLR

open System

/// The value of a field that means "as before the field was there", as JSON: it is not written, and may be missing when read. So a new
/// field leaves hashes and stored files as they are. An option's neutral value is None without this attribute.
[<AttributeUsage(AttributeTargets.Property)>]
type NeutralAttribute(json: string) =
    inherit Attribute()

    /// The neutral value as JSON, for example "0.0", "[]" or "\"BothViews\"".
    member _.Json = json

/// Takes neutral fields out of documents, and puts them in again, by the types of the values.
module internal Neutral =

    open System.Collections.Concurrent
    open System.Reflection
    open System.Text.Json.Nodes
    open Microsoft.FSharp.Reflection

    let private isOf (definition: Type) (kind: Type) =
        kind.IsGenericType && kind.GetGenericTypeDefinition() = definition

    let private isOption = isOf typedefof<option<_>>

    /// A field's neutral value; null is that of an option. None: it has none.
    let private find (field: PropertyInfo) =
        match field.GetCustomAttribute typeof<NeutralAttribute> with
        | :? NeutralAttribute as neutral -> Some neutral.Json
        | _ when isOption field.PropertyType -> Some "null"
        | _ -> None

    let private neutrals = ConcurrentDictionary<PropertyInfo, string option>()
    let private neutral field = neutrals.GetOrAdd(field, find)

    /// What a document of a type is made of.
    [<NoEquality; NoComparison>]
    type private Shape =
        | Plain
        | Items of Type
        | Tuple of Type list
        | Values of Type
        | Fields of PropertyInfo list
        /// By the names of the cases.
        | Cases of Map<string, PropertyInfo list>

    let private describe (kind: Type) =
        if kind |> isOf typedefof<list<_>> then
            Items(kind.GetGenericArguments()[0])
        elif kind |> isOf typedefof<Map<_, _>> then
            Values(kind.GetGenericArguments()[1])
        elif FSharpType.IsTuple kind then
            Tuple(List.ofArray (FSharpType.GetTupleElements kind))
        elif FSharpType.IsRecord kind then
            Fields(List.ofArray (FSharpType.GetRecordFields kind))
        elif FSharpType.IsUnion kind then
            Cases(
                Map
                    [
                        for case in FSharpType.GetUnionCases kind -> case.Name, List.ofArray (case.GetFields())
                    ]
            )
        else
            Plain

    let private shapes = ConcurrentDictionary<Type, Shape>()

    /// Changes the fields of every object in a document; `change` is given the object, the field and what to do with its value.
    let rec private walk
        (change: JsonObject -> PropertyInfo -> (JsonNode -> unit) -> unit)
        (kind: Type)
        (node: JsonNode)
        =
        let deeper kind node = walk change kind node

        let fields (list: PropertyInfo list) (document: JsonObject) =
            for field in list do
                change document field (deeper field.PropertyType)

        if not (isNull node) then
            if isOption kind then
                deeper (kind.GetGenericArguments()[0]) node
            else
                match shapes.GetOrAdd(kind, describe), node with
                | Items item, (:? JsonArray as array) -> array |> Seq.iter (deeper item)
                | Tuple items, (:? JsonArray as array) when array.Count = items.Length -> Seq.iter2 deeper items array
                | Values item, (:? JsonObject as map) ->
                    for entry in List.ofSeq map do
                        deeper item entry.Value
                | Fields list, (:? JsonObject as record) -> fields list record
                | Cases cases, (:? JsonObject as union) when union.Count = 1 ->
                    let entry = Seq.head union

                    match cases |> Map.tryFind entry.Key, entry.Value with
                    // A single field stands there without its name.
                    | Some [ single ], value -> deeper single.PropertyType value
                    | Some list, (:? JsonObject as named) -> fields list named
                    | _ -> ()
                | _ -> ()

    /// Takes the fields out that have their neutral value.
    let strip (kind: Type) (document: JsonNode) =
        document
        |> walk
            (fun parent field deeper ->
                if parent.ContainsKey field.Name then
                    deeper parent[field.Name]

                    match neutral field with
                    | Some json when JsonNode.DeepEquals(parent[field.Name], JsonNode.Parse json) ->
                        parent.Remove field.Name |> ignore
                    | _ -> ())
            kind

    /// Puts the fields in that are missing and have a neutral value.
    let fill (kind: Type) (document: JsonNode) =
        document
        |> walk
            (fun parent field deeper ->
                if parent.ContainsKey field.Name then
                    deeper parent[field.Name]
                else
                    neutral field
                    |> Option.iter (fun json -> parent[field.Name] <- JsonNode.Parse json))
            kind
