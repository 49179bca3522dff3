//! What kinds, movements and actions are called in the languages of notices.
//!
//! Absent: names that the house gives (items, people, stations), which come from their masters.

use gatewarden_model::{Action, DocumentKind, Module, MovementKind};

use crate::{On, template::Lang};

/// What a kind of document is called.
#[must_use]
pub fn document(kind: DocumentKind, lang: Lang) -> &'static str {
    use DocumentKind as K;
    let (zh, en) = match kind {
        K::PurchaseOrder => ("采购订单", "purchase order"),
        K::Requisition => ("领料单", "requisition"),
        K::TransferOrder => ("调拨单", "transfer order"),
        K::SalesOrder => ("销售订单", "sales order"),
        K::WorkOrder => ("生产工单", "work order"),
        K::ReturnOrder => ("退货单", "return"),
        K::SubcontractOrder => ("委外订单", "subcontract order"),
        K::CountOrder => ("盘点单", "count order"),
        K::AdjustmentRequest => ("调整申请", "adjustment request"),
        K::ScrapRequest => ("报废申请", "scrap request"),
        K::Inspection => ("检验单", "inspection"),
        K::PackingList => ("装箱单", "packing list"),
        K::Item => ("物料", "item"),
        K::Unit => ("计量单位", "unit"),
        K::Partner => ("往来单位", "partner"),
        K::Warehouse => ("仓库", "warehouse"),
        K::Bom => ("物料清单", "BOM"),
        K::PriceList => ("价格表", "price list"),
        K::WorkCentre => ("工作中心", "work centre"),
        K::PurchaseRequest => ("采购申请", "purchase request"),
        K::ShippingNotice => ("到货通知", "shipping notice"),
        K::Receipt => ("入库单", "receipt"),
        K::Shipment => ("出库单", "shipment"),
        K::ProductionReceipt => ("完工入库单", "production receipt"),
        K::EngineeringChange => ("工程变更单", "engineering change"),
        K::PurchaseSuggestion => ("采购建议", "purchase suggestion"),
        K::SubcontractSettlement => ("委外结算单", "subcontract settlement"),
        K::PutAwayOrder => ("上架单", "put-away order"),
    };
    either(lang, zh, en)
}

/// What a kind of movement is called.
#[must_use]
pub fn movement(kind: MovementKind, lang: Lang) -> &'static str {
    use MovementKind as K;
    let (zh, en) = match kind {
        K::Receipt => ("采购入库", "receipt"),
        K::PutAway => ("上架", "put-away"),
        K::Issue => ("领料出库", "issue"),
        K::Transfer => ("调拨", "transfer"),
        K::Shipment => ("销售出库", "shipment"),
        K::Count => ("盘点差异", "count difference"),
        K::Adjustment => ("库存调整", "adjustment"),
        K::SupplierReturn => ("退供应商", "return to the supplier"),
        K::CustomerReturn => ("客户退货", "return of a customer"),
        K::ProductionIssue => ("生产领料", "production issue"),
        K::ProductionReceipt => ("完工入库", "production receipt"),
        K::ProductionReturn => ("生产退料", "production return"),
        K::SubcontractOut => ("委外发料", "subcontract issue"),
        K::SubcontractIn => ("委外收货", "subcontract receipt"),
        K::Scrap => ("报废", "scrap"),
        K::StatusChange => ("状态变更", "change of status"),
        K::Pack => ("装箱", "packing"),
        K::Unpack => ("拆箱", "unpacking"),
    };
    either(lang, zh, en)
}

/// What an action is called.
#[must_use]
pub fn action(action: Action, lang: Lang) -> &'static str {
    let (zh, en) = match action {
        Action::View => ("查看", "view"),
        Action::Create => ("新建", "create"),
        Action::Modify => ("修改", "modify"),
        Action::Delete => ("删除", "delete"),
        Action::Request => ("申请", "request"),
        Action::Approve => ("审批", "approve"),
        Action::Execute => ("执行", "execute"),
    };
    either(lang, zh, en)
}

/// What a module is called.
#[must_use]
pub fn module(module: Module, lang: Lang) -> &'static str {
    let zh = match module {
        Module::Inbound => "入库",
        Module::Outbound => "出库",
        Module::Count => "盘点",
        Module::Transfer => "调拨",
        Module::Price => "价格",
        Module::Ledger => "账本",
        Module::System => "系统",
        Module::Sales => "销售",
        Module::Customer => "客户",
        Module::Purchase => "采购",
        Module::Supplier => "供应商",
        Module::Planning => "计划",
        Module::Production => "生产",
        Module::Quality => "质量",
        Module::Bom => "物料清单",
        Module::Item => "物料",
        Module::Subcontract => "委外",
        Module::Finance => "财务",
        Module::Tag => "标签",
    };
    either(lang, zh, module.name())
}

/// What came of a document.
#[must_use]
pub fn outcome(on: On, lang: Lang) -> &'static str {
    let (zh, en) = match on {
        On::ApprovalWaiting => ("待审批", "to be approved"),
        On::Approved => ("已批准", "approved"),
        On::Rejected => ("被驳回", "rejected"),
        On::Returned => ("被退回", "returned"),
        On::Copied => ("请知悉", "for your information"),
        _ => ("", ""),
    };
    either(lang, zh, en)
}

fn either(lang: Lang, zh: &'static str, en: &'static str) -> &'static str {
    match lang {
        Lang::Zh => zh,
        Lang::En => en,
    }
}
